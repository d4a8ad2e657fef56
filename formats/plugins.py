"""Formats of other packages: entry points of the group ``dotbench.formats``.

What such a package does wrong is told in a line with its name, and costs nothing else: every other format works.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from dotbench.cdot.entry_points import Broken as Broken  # for the registry
from dotbench.cdot.entry_points import Wrong, check_attributes, check_name, loaded
from dotbench.formats.format import Format
from dotbench.formats.ids import ALL as IDS
from dotbench.formats.parameters import parameter_faults, split, with_params
from dotbench.formats.value_types import value_type_names

GROUP = "dotbench.formats"


def registered(built_in: Collection[type[Format]]) -> tuple[list[type[Format]], list[Broken]]:
    """The formats of other packages in the order of their entry points' names, and those that are left out."""

    def checked(kind: Any, point: EntryPoint, found: list[type[Format]]) -> type[Format]:
        return _checked(kind, point, [*built_in, *found])

    return loaded(GROUP, checked)


def _checked(kind: Any, point: EntryPoint, known: Iterable[type[Format]]) -> type[Format]:
    _check(kind)
    for other in known:
        if kind.name == other.name or kind.format_id == other.format_id:
            raise Wrong(
                f"the format {kind.name!r} (id {kind.format_id}) of {point.value} collides with {other.name!r} "
                f"(id {other.format_id}): one of them needs another name or id"
            )
    for params in ("", *kind.variants):
        with_params(kind, split(f"{kind.name}[{params}]")[1])
    checked: type[Format] = kind
    return checked


def _check(kind: Any) -> None:
    """Whether a plug-in's object can stand in the registry: what everybody asks of a format is there."""
    if not (isinstance(kind, type) and issubclass(kind, Format)):
        raise Wrong(f"{kind!r:.80} is no subclass of dotbench.formats.format.Format")
    check_attributes(kind, kind.__name__, "name", "format_id", "summary")
    check_name(kind.name, "format")
    if not (isinstance(kind.format_id, int) and kind.format_id in IDS):
        raise Wrong(f"{kind.format_id!r:.80} is no id of a format: a number from 1 to {IDS.stop - 1}")
    if not (isinstance(kind.value_types, tuple) and kind.value_types and {*kind.value_types} <= {*value_type_names()}):
        raise Wrong(f"it stores {kind.value_types!r:.80}: a tuple of one or more of {', '.join(value_type_names())}")
    _check_kernels(kind)
    if wrong := next(parameter_faults(kind), ""):
        raise Wrong(wrong)


def _check_kernels(kind: Any) -> None:
    """Whether its C file is there; what is in it is looked at when it is compiled, which is when it is first used."""
    source = kind.kernel_source
    if not isinstance(source, Path):
        raise Wrong(
            f"{kind.name} has the kernel_source {source!r:.80}: the Path of the C file with {kind.name}_decoder"
        )
    if not source.is_file():
        raise Wrong(f"the C file of {kind.name} is not there: {source} (is it among the files of the package?)")
