"""What `nox -s docs` writes: pages of formats, tables, the picture of the README."""
