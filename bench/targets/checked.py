"""Reference products in float64, and the check that every product passes before it is timed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.bench.record.identity import definitions_sha
from dotbench.bench.record.sealed import read_sealed, write_sealed
from dotbench.cdot.arithmetic import tolerance_of
from dotbench.formats.sources.source import Source, blocks
from dotbench.formats.value_types import value_type_of

SMALLEST = float(np.finfo(np.float32).tiny)  # below it float32 has no such precision


class WrongProduct(ArithmeticError):
    """A kernel's product that is not W's."""


@dataclass(frozen=True)
class Reference:
    """X (batch, n) float32 or int8, Y = X W in float64, and the scale sum |w| |x| of each entry of Y."""

    X: npt.NDArray[Any]
    Y: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    @property
    def limit(self) -> float:
        """The largest error that is taken: none where sums are exact."""
        return tolerance_of(self.X.dtype)

    def error(self, product: npt.NDArray[Any]) -> float:
        """Largest error of a product as a share of its scale; WrongProduct above `limit`.

        Where the scale is 0 the product has to be 0. Errors below float32's smallest normal number
        are none.
        """
        if product.shape != self.Y.shape:
            raise WrongProduct(f"the product has shape {product.shape}, not {self.Y.shape}")
        wrong = np.abs(product.astype(np.float64) - self.Y)
        wrong[wrong < SMALLEST] = 0
        share = np.divide(wrong, self.scale, out=np.where(wrong == 0, 0.0, np.inf), where=self.scale > 0)
        share = np.where(np.isnan(wrong), np.inf, share)
        worst = float(share.max()) if share.size else 0.0
        if worst > self.limit:
            vector, column = np.unravel_index(int(share.argmax()), share.shape)
            raise WrongProduct(
                f"wrong product: {(share > self.limit).sum()} of {share.size} entries; the worst is vector "
                f"{vector}, column {column}: {product[vector, column]:.6g} where float64 gives "
                f"{self.Y[vector, column]:.6g}, an error of {worst:.1e} of sum |w||x| (limit {self.limit:.0e})"
            )
        return worst


def reference(source: Source, batch: int, seed: int) -> Reference:
    """Streams a matrix into its products with ``batch`` vectors: standard normal ones, or of any int8."""
    rng, shape = np.random.default_rng(seed), (batch, source.shape[0])
    return reference_of(source, value_type_of(source.dtype).random_inputs(rng, shape))


def reference_of(source: Source, X: npt.NDArray[Any]) -> Reference:
    """Streams a matrix into its products with these vectors, X (batch, n)."""
    from scipy.sparse import csc_array

    n, m = source.shape
    Y, scale = np.zeros((len(X), m)), np.zeros((len(X), m))
    wide, size = X.T.astype(np.float64), np.abs(X.T.astype(np.float64))
    for begin, end, columns in blocks(source):
        arrays = (columns.values.astype(np.float64), columns.rows, columns.indptr)
        block = csc_array(arrays, shape=(n, end - begin))
        Y[:, begin:end] = np.asarray(block.T @ wide).T
        scale[:, begin:end] = np.asarray(abs(block).T @ size).T
    return Reference(X, Y, scale)


def cached_reference(source: Source, sha256: str, batch: int, folder: Path, name: str = "products") -> Reference:
    """The reference of a matrix from ``folder``, computed if it is not there yet, or damaged.

    ``name``: of its file; a lossy format's matrix has one of its own, with the same vectors. What other code made
    is in a file of another name.
    """
    path = folder / f"{name}-{batch}-{definitions_sha(f'{__name__}.reference')}.sealed"
    if stored := read_sealed(path):
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            return Reference(arrays["X"], arrays["Y"], arrays["scale"])
    made = reference(source, batch, int(sha256[:8], 16))
    arrays_file = io.BytesIO()
    np.savez(arrays_file, X=made.X, Y=made.Y, scale=made.scale)
    write_sealed(path, arrays_file.getvalue())
    return made
