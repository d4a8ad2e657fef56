"""A stored matrix: its header, its buffer, its products, its file."""
