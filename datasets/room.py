"""A folder of one's own beside what is made, which is gone afterwards whatever happens."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dotbench.cdot.fresh import new_folder, sweep
from dotbench.datasets.errors import NoRoom


@contextmanager
def room(place: Path, prefix: str, lack: str) -> Iterator[Path]:
    """A new folder in ``place``, whose name begins with ``prefix``; what runs that were killed have left there goes.

    NoRoom, with the words ``lack`` behind the place's name, where it does not take what is written.
    """
    made = None
    try:
        place.mkdir(parents=True, exist_ok=True)
        sweep(place, f"{prefix}*")
        made = new_folder(place, prefix)
        yield made
    except OSError as error:
        raise NoRoom(f"{place} {lack}", error) from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
