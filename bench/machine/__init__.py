"""Which machine this is, what it can measure, and on which core."""
