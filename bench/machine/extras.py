"""The extras of pyproject.toml: what each is for, and what of it is not installed.

A module that is there is not imported to find out, for some take seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from dotbench.cdot.places import brings


@dataclass(frozen=True)
class Extra:
    """``modules``: of each package of the extra one module, by the package's name in pyproject.toml."""

    name: str
    brings: str
    modules: dict[str, str]

    def lacking(self) -> list[str]:
        """Packages that are not installed."""
        return [package for package, module in self.modules.items() if not _is_there(module)]


EXTRAS = {
    extra.name: extra
    for extra in (
        Extra(
            "run",
            "measuring, tables and comparisons: run, breakeven, list, fetch, table, diff, log, export, paper, selftest",
            {
                "scipy": "scipy", "tabulate": "tabulate", "pooch": "pooch", "tqdm": "tqdm", "psutil": "psutil",
                "pyperf": "pyperf", "threadpoolctl": "threadpoolctl", "zstandard": "zstandard", "tflite": "tflite",
                "flatbuffers": "flatbuffers", "pyRAPL": "pyRAPL",
            },
        ),
        Extra(
            "report",
            "the HTML page (report), results as a pandas frame (dotbench.bench.load)",
            {"plotly": "plotly", "pandas": "pandas", "psutil": "psutil"},
        ),
        Extra(
            "models",
            "models in .safetensors, .onnx, .gguf, .h5 and .keras (pick, run)",
            {"safetensors": "safetensors", "onnx": "onnx", "gguf": "gguf", "h5py": "h5py", "ml_dtypes": "ml_dtypes"},
        ),
        Extra("bf16", "bfloat16 as a dtype of numpy's, for calculating with such arrays", {"ml_dtypes": "ml_dtypes"}),
        Extra("tables", "tables of text: covtype, census, and .csv files of your own", {"pyarrow": "pyarrow"}),
        Extra("compiler", "kernels from a checkout, and those of plug-ins", {"ziglang": "ziglang"}),
        Extra(
            "firmware",
            "kernels on a Cortex-M55",
            {"ziglang": "ziglang", "capstone": "capstone", "pyelftools": "elftools", "pyserial": "serial"},
        ),
        Extra("vela", "Arm's weight coder as a row beside int8 formats", {"ethos-u-vela": "ethosu"}),
    )
}  # fmt: skip


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # somebody forbids it, or it is half loaded
        return False


def missing(extras: Iterable[str], what: str) -> str:
    """What is said where ``what`` needs extras that are not installed: one line with its cure; "" for none."""
    lacking = {name: packages for name in extras if (packages := EXTRAS[name].lacking())}
    if not lacking:
        return ""
    absent = ", ".join(dict.fromkeys(package for packages in lacking.values() for package in packages))
    which = f"{'extra' if len(lacking) == 1 else 'extras'} {' and '.join(lacking)}"
    return f"{what} needs the {which} (not installed: {absent}): {brings(*lacking)}"
