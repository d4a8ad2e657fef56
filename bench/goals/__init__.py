"""How near kernels are to their limits, and how fast encoders are."""
