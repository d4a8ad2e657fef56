"""What formats cost a matrix, from counts alone: bytes without encoding, bounds, the entropy floor, where formats pay."""
