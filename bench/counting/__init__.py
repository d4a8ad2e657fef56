"""What is counted and not timed: instructions, bounds, the cells of systolic arrays."""
