"""What encoders do in C, with its memory and types: a module for each file."""
