"""Whole models in one .safetensors file: tensors as they were, products as payloads, and a note of what is which."""
