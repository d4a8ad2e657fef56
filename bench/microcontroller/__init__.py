"""Whole networks on a Cortex-M55, and layers of all densities."""
