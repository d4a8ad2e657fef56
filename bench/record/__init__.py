"""What is kept: columns, CSV files, the journal, and the hash of the code that a row is of."""
