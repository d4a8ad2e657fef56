"""What a run measures: cells, how much time each is given, and what it will take."""
