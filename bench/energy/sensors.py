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

from dotbench.bench.energy import powercap
from dotbench.bench.energy.counters import DRAM, PACKAGE, CounterLost, Counters, NotMeasurable


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
    """One `pyRAPL.Sensor`: packages, and DRAM where every package has it.

    It reads the counters in pairs, package and DRAM of each socket, and knows neither names nor ranges:
    these come from ``zones`` of the tree. NotMeasurable where it has not opened the same ones.
    """

    source = "pyRAPL"

    def __init__(self, sensor: Any, zones: list[powercap.Zone]) -> None:
        self._sensor = sensor
        apis = sensor._device_api  # by device: 0 package, 1 DRAM, which is its place in a pair
        self._files = [file for api in apis.values() for file in api._sys_files]
        self._places = [2 * socket + int(device) for device, api in apis.items() for socket in api._socket_ids]
        by_folder = {str(zone.folder.resolve()): zone for zone in zones if zone.kind in (PACKAGE, DRAM)}
        opened = [by_folder.get(str(Path(file.name).parent.resolve())) for file in self._files]
        if set(opened) != set(by_folder.values()):
            self.close()
            raise NotMeasurable(f"pyRAPL opens {len(opened)} counters where the tree has {len(by_folder)}")
        self.domains = powercap.Powercap([zone for zone in opened if zone]).domains

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


def open_pyrapl(root: Path = powercap.ROOT) -> PyRapl:
    """pyRAPL's counters; NotMeasurable says in words what pyRAPL's exceptions do not.

    ``root`` is looked at first; pyRAPL itself always reads `powercap.ROOT`.
    """
    powercap.open_powercap(root)
    try:
        with quiet():
            import pyRAPL  # type: ignore[import-untyped]

            return PyRapl(pyRAPL.Sensor(), powercap.zones(root))
    except ImportError:
        raise NotMeasurable("pyRAPL is not installed", "python -m pip install pyRAPL==0.2.3.1") from None
    except (OSError, ValueError) as error:
        raise NotMeasurable(f"pyRAPL cannot read this machine's topology ({error})") from None
    except pyRAPL.PyRAPLException:  # its message is empty
        raise NotMeasurable("pyRAPL finds no counters that it can read (it knows no packages named by die)") from None
