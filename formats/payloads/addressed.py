"""Products from memory to memory: for hosts whose arrays are not numpy's, and whose calls have to be short."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.errors import check
from dotbench.cdot.kernel import Kernel
from dotbench.cdot.library import ffi, library, pointer
from dotbench.cdot.pools import standing_pools
from dotbench.formats.payloads.parallel import most_threads, threads_taken
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.payloads.product import KEPT_SCRATCH, PIECE_STEPS, pieces

# Where a job has its addresses, in words: to write numbers there is quicker than to make pointers of them.
X_WORD, Y_WORD = (ffi.offsetof("cdot_vector_job", name) // ffi.sizeof("uintptr_t") for name in ("x", "y"))


class Addressed:
    """``product(x, y, batch, threads)``: Y = X W of addresses, as `Payload.dot` is of arrays; the payload is opened.

    x: of ``batch`` * n float32, y: of ``batch`` * m float32, both in C order and the caller's until the call returns.
    They are not checked, and cannot be. Several threads may call at once. ValueError for a payload of integers;
    PayloadError for a damaged one.

    >>> from dotbench import formats
    >>> product = Addressed(formats.get("csc").encode(np.diag(np.float32([1, 2, 3]))))
    >>> x, y = np.ones(3, np.float32), np.empty(3, np.float32)
    >>> product(x.ctypes.data, y.ctypes.data)
    >>> y
    array([1., 2., 3.], dtype=float32)
    """

    def __init__(self, payload: Payload) -> None:
        self.kernel = kernel = payload.kernel
        if kernel.arithmetic.inputs != np.float32:
            raise ValueError(f"{payload!r} is multiplied by {kernel.arithmetic.inputs}, and this needs one of floats")
        self._steps = payload.format.steps(payload)
        self._short = self._steps <= PIECE_STEPS  # a call of C, which Ctrl-C does not end
        self._alone = most_threads(kernel, 1, kernel.shape[1]) == 1
        self._library = library()
        self._vector = self._library.cdot_vector
        self._idle: list[_Job] = []

    def __call__(self, x: int, y: int, batch: int = 1, threads: int = 1) -> None:
        if batch != 1 or not self._short or (threads != 1 and not self._alone):
            self._whole(x, y, batch, threads)
            return
        try:
            job = self._idle.pop()  # nobody else's while this call has it, be that another thread's or a handler's
        except IndexError:
            job = _Job(self.kernel)
        words = job.words
        words[X_WORD] = x
        words[Y_WORD] = y
        if status := self._vector(job.c):
            check(status)
        if job.kept:
            self._idle.append(job)

    def _whole(self, x: int, y: int, batch: int, threads: int) -> None:
        if not batch:
            return
        kernel, m = self.kernel, self.kernel.shape[1]
        taken = threads_taken(kernel, batch, m, threads)
        steps = self._steps * max(4, batch) // 4  # as `product.dot` counts them
        pool = standing_pools().take(taken) if taken > 1 else None
        try:
            scratch = kernel.scratch(batch, pool.threads if pool else 1)
            memory, handle = pointer(scratch, "void *"), pool.handle if pool else ffi.NULL
            from_, to = ffi.cast("const float *", x), ffi.cast("float *", y)
            for begin, end in pieces(0, m, steps):
                check(self._library.cdot_product(kernel.view, from_, to, batch, begin, end, handle, memory))
        finally:
            if pool:
                standing_pools().give(pool)


class _Job:
    """What C needs to know of a product of one vector, with its memory; ``kept`` for the next where that is little."""

    def __init__(self, kernel: Kernel) -> None:
        self._scratch: npt.NDArray[np.uint8] = kernel.scratch(1, 1)
        self.kept = len(self._scratch) <= KEPT_SCRATCH
        self.c: Any = ffi.new("cdot_vector_job *", {"view": kernel.view, "scratch": pointer(self._scratch, "void *")})
        self.words: Any = ffi.cast("uintptr_t *", self.c)
