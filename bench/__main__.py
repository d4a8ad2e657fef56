"""``python -m bench``, in a checkout, is the command ``dotbench``."""

import sys

try:
    import dotbench  # noqa: F401 - the first thing that fails where its links are lost
except ImportError as error:
    sys.exit(f"Error: {error}")

from dotbench.bench.cli import main

main()
