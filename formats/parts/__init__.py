"""What formats are made of: codebooks, gaps, packed indices, Huffman codes."""
