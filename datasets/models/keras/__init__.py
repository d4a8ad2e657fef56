"""Keras's .h5, .hdf5 and .keras."""
