"""From model files to packs and back: which tensors become payloads, in which formats."""
