"""A run: matrices, their cells, the processes that measure, and what comes of it."""
