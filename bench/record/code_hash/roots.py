"""What a metric's figures begin at: definitions by their dotted paths, kernels, C's functions; and what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SOURCE = "dotbench.datasets.cache.CachedSource"  # what every measuring process reads a matrix with

# Python that nothing is followed into, and why. A row's own format or peer is a root itself.
NOT_FOLLOWED = {
    "dotbench.formats.registry.BUILT_IN": "the list of formats: one more of them changes no other's figures",
    "dotbench.formats.plugins.registered": "formats of other packages: each is a root of its rows",
    "dotbench.bench.targets.peers.ALL": "the list of peers: likewise",
    "dotbench.bench.targets.peers.kinds": "the same with those of other packages",
    "dotbench.formats.value_types.VALUE_TYPES": "the list of stored types: likewise; golden payloads hold each",
    "dotbench.bench.record.identity.code_sha": "a hash says what a figure depends on, and decides none",
    "dotbench.bench.record.identity.bounds_sha": "likewise",
    "dotbench.bench.record.identity.definitions_sha": "likewise",
    "dotbench.cdot.library.declarations": "names of headers: what they declare counts where it is defined",
    "dotbench.cdot.build.build": "which files are compiled into which: their definitions count, and `BUILD` how",
    "dotbench.cdot.build.driver": "likewise",
}
NOT_FOLLOWED_C = {"cdot_find": "the list of decoders: one more of them changes no other's figures"}

# How kernels are compiled: whatever runs their code depends on it.
BUILD = (
    "dotbench.cdot.build._flags",
    "dotbench.cdot.build.SHARED",
    "dotbench.cdot.build.PROGRAM",
    "dotbench.cdot.build.chosen_isa",
)
# What multiplies or times: no size, and no bit of a payload, depends on it, nor on how it is compiled.
PRODUCTS = ("dotbench.formats.payloads.product.dot", "dotbench.cdot.library.library")
TABLES_C = "*_decoder"  # a format's functions, those that multiply among them
PRODUCTS_C = (TABLES_C, "cdot_product*", "cdot_dot*", "cdot_prepare", "cdot_column", "cdot_pool*", "bench_*")
MULTIPLYING_C = (TABLES_C, "cdot_product*", "cdot_dot*", "bench_dot")


@dataclass(frozen=True)
class Roots:
    """``definitions``: of Python. ``kernel``: which of the format's functions in C belong to it: all, those that open
    and decode, or none; ``target``: as they are compiled for hosts or the microcontroller.

    ``apart``: definitions that are not followed besides `NOT_FOLLOWED`. ``c_apart``: names in C that are not, as
    patterns; ``c_only``: no others than these are. ``c_files``: all that these C files define, by patterns of their
    path, is a root; ``texts``: other files that count as they are.
    """

    definitions: tuple[str, ...] = ()
    kernel: Literal["whole", "decoding", "none"] = "none"
    target: Literal["host", "microcontroller"] = "host"
    apart: tuple[str, ...] = ()
    c_apart: tuple[str, ...] = ()
    c_only: tuple[str, ...] = ("*",)
    c_files: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
