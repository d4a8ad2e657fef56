"""``python -m bench``, in a checkout, is the command ``dotbench``."""

from dotbench.bench.cli import main

main()
