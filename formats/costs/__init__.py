"""What formats cost, from counts alone: bytes without encoding, bounds, the entropy floor, where a format pays."""
