"""One file a kind of file that can be read; `dotbench.datasets.readers` lists them."""
