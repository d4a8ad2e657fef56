"""What a product will cost, said from counts alone: nothing is timed. DESIGN.md, section 4, "What a format costs"."""
