"""From what share of zeros on a compressed format beats a dense product: ``dotbench breakeven``."""
