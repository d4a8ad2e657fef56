"""Models of .safetensors, sharded too."""
