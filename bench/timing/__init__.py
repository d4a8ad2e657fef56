"""Times in pairs: rounds, intervals, when there are enough of them, and what a busy machine gets."""
