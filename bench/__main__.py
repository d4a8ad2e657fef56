"""``python -m bench`` is the command ``dotbench``."""

from bench.cli import main

main()
