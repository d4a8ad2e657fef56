"""``python -m dotbench`` is the command ``dotbench``."""

from dotbench.bench.cli import main

if __name__ == "__main__":
    main()
