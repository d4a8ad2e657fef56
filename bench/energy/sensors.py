"""pyRAPL's sensors as counters, its faults worked around (0.2.3.1, the last release).

Only raw counters are taken from it: its own differences turn a wrap into None or a large negative sum,
and its `measureit(number=...)` fails on machines without a DRAM domain. Windows, wraps and sums are
`meters`' and `windows`' job here. It reads /sys and nothing else.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.energy import powercap
from bench.energy.counters import DRAM, PACKAGE, CounterLost, Counters, NotMeasurable


@contextmanager
def quiet() -> Iterator[None]:
    """pyRAPL logs that pymongo is missing when it is imported (and sets logging up for everybody); it
    leaves files open and has escapes that newer Pythons warn of."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.manager.disable
    root.addHandler(logging.NullHandler())
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers[:] = handlers
        logging.disable(level)


class PyRapl(Counters):
    """One `pyRAPL.Sensor`: packages and, where all packages have one, their DRAM."""

    source = "pyRAPL"

    def __init__(self, sensor: Any) -> None:
        self._sensor = sensor
        apis = sensor._device_api  # by device: 0 package, 1 DRAM, as in the sensor's pairs
        self._files = [file for api in apis.values() for file in api._sys_files]
        self._places = [2 * socket + int(device) for device, api in apis.items() for socket in api._socket_ids]
        folders = [Path(file.name).parent for file in self._files]
        by_folder = {zone.folder.resolve(): zone for zone in powercap.zones(powercap.ROOT)}
        found = [by_folder.get(folder.resolve()) for folder in folders]
        known = {zone for zone in by_folder.values() if zone.kind in (PACKAGE, DRAM)}
        if set(found) != known:
            self.close()
            raise NotMeasurable(f"pyRAPL opens {len(folders)} counters where the tree has {len(known)}")
        self.domains = powercap.Powercap([zone for zone in found if zone]).domains

    def read(self) -> tuple[int, ...]:
        try:
            pairs = self._sensor.energy()
        except (OSError, ValueError) as error:
            raise CounterLost(f"pyRAPL can no longer read its counters: {error}") from error
        values = tuple(int(pairs[place]) for place in self._places)
        if min(values) < 0:
            raise CounterLost(f"pyRAPL reads {min(values)}, and a counter holds a number from 0 on")
        return values

    def close(self) -> None:
        for file in self._files:
            file.close()


def open_pyrapl() -> PyRapl:
    """pyRAPL's counters; NotMeasurable says in words what pyRAPL's exceptions do not."""
    try:
        with quiet():
            import pyRAPL  # type: ignore[import-not-found,import-untyped,unused-ignore]

            return PyRapl(pyRAPL.Sensor())
    except ImportError:
        raise NotMeasurable("pyRAPL is not installed", "python -m pip install pyRAPL==0.2.3.1") from None
    except PermissionError as error:
        raise NotMeasurable(f"{error.filename} is readable by root only", powercap.cure()) from None
    except (OSError, ValueError) as error:
        raise NotMeasurable(f"pyRAPL cannot read this machine's topology ({error})") from None
    except pyRAPL.PyRAPLException:  # its message is empty
        lack = "no energy counters, or packages that are named by die"
        raise NotMeasurable(f"pyRAPL finds no counters that it can read: {lack}") from None
