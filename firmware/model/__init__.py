"""Estimated cycles of a Cortex-M55: instructions as operations, a pipeline they go through, and a sum over blocks."""
