"""What encoders read: columns of arrays, of sparse matrices, of files, as they stream by."""
