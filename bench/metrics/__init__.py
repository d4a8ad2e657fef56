"""One file a metric, named as its CSV file."""
