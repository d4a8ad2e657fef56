"""Language models of .gguf."""
