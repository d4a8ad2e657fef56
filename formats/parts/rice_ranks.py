"""rank[coding=rice] at the speed of files: the payload that `dotbench.formats.rank.Rank` writes, by C, on threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.ranks import Written, count_exponents, write_rice
from dotbench.formats.parts.rank_writer import GROUP, MOST_BITS
from dotbench.formats.parts.ranks import RANKS, Ranks
from dotbench.formats.payloads.draft import Draft
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.rank import CODINGS, FIELDS, MOST_LISTED, Rank
from dotbench.formats.sources.entries import entries_of
from dotbench.formats.sources.source import ranges

BLOCK = 1 << 20  # entries that a thread has at hand


def encode(matrix: Any, threads: int = 1) -> Payload:
    """The payload of a matrix as ``rank[coding=rice]``; errors as `Rank.encode`.

    >>> from dotbench import formats
    >>> W = formats.to_bfloat16(np.random.default_rng(0).standard_normal((100, 40)))
    >>> bytes(encode(W, 2).data) == bytes(formats.get("rank", coding="rice").encode(W).data)
    True
    """
    entries = entries_of(matrix)
    n = entries.shape[0]
    parts = list(ranges(entries, BLOCK, multiple=GROUP))
    with ThreadPoolExecutor(threads) as pool:
        counted = list(pool.map(lambda part: count_exponents(entries.bits(*part)), parts))
        histograms = np.array([counts for counts, _ in counted], np.int64).reshape(-1, 256)
        ranks = Ranks.of(histograms.sum(0))
        k, size = ranks.rice()
        if ranks.listed > MOST_LISTED:
            raise ValueError(f"{ranks.listed} entries are to be listed: rank lists 2^32 - 1 at most")
        fields = FIELDS.pack(ranks.stored, size, ranks.listed, CODINGS.index("rice"), k, 0)
        draft = Draft(Rank("rice"), entries, sum(nonzeros for _, nonzeros in counted), fields)
        codes, weights = codes_of(ranks, k), draft["weights"]
        sizes = histograms @ (codes >> 16 & 255).astype(np.int64)
        rooms = histograms @ (codes >> 24).astype(np.int64)

        def written(part: tuple[int, int], begin: int, size: int, room: int) -> Written:
            to = weights[part[0] * n : part[1] * n]
            return write_rice(entries.bits(*part), codes, to, begin % 8, size, room)

        begins = [0, *accumulate(sizes.tolist())]
        done = pool.map(written, parts, begins[:-1], sizes.tolist(), rooms.tolist())
        listed = 0
        for (first, end), begin, one in zip(parts, begins[:-1], done, strict=True):
            _place(draft, begin, first, end, listed, one)
            listed += len(one.rows)
    return draft.finish()


def codes_of(ranks: Ranks, k: int) -> npt.NDArray[np.uint32]:
    """The Rice code of each exponent's rank, its length and whether it is listed, as cdot/encode/ranks.h has them.

    >>> hex(codes_of(Ranks.of(np.bincount([126, 126, 127], minlength=256)), 1)[127])
    '0x20002'
    """
    table = ranks.table.astype(np.uint32)
    ones = table >> np.uint32(k)
    code: npt.NDArray[np.uint32] = (np.uint32(1) << ones) - np.uint32(1) | (table & np.uint32((1 << k) - 1)) << (
        ones + np.uint32(1)
    )
    code |= (ones + np.uint32(1 + k)) << np.uint32(16) | (table == RANKS).astype(np.uint32) << np.uint32(24)
    return code


def _place(draft: Draft, bit: int, first: int, end: int, listed: int, one: Written) -> None:
    """Puts a block's code behind that of the block before it, which has begun its first byte."""
    at = bit // 8
    if len(one.stream):
        draft["stream"][at] |= one.stream[0]
        draft["stream"][at + 1 : at + len(one.stream)] = one.stream[1:]
    draft["counts"][first:end] = one.listed
    place = slice(listed, listed + len(one.rows))
    draft["rows"][place], draft["exponents"][place] = one.rows, one.exponents
    groups = np.diff(one.ends[GROUP - 1 :: GROUP].astype(np.int64), prepend=bit % 8)
    if len(one.ends) % GROUP:
        before = int(one.ends[-1 - len(one.ends) % GROUP]) if len(one.ends) > GROUP else bit % 8
        groups = np.append(groups, int(one.ends[-1]) - before)
    if len(groups) and groups.max() > MOST_BITS:
        raise ValueError(f"codes of {GROUP} columns have {groups.max()} bits: rank stores 2^32 - 1 at most")
    draft["lengths"][first // GROUP : first // GROUP + len(groups)] = groups
