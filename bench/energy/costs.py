"""What one operation and one access cost: the published table, in picojoules (Marino et al.).

Operands of 8, 16 and 32 bits. An access costs by the size of the array it goes to.
"""

from __future__ import annotations

VALUE = 32  # bits of a float32 value, b in the formulas
KB, MB = 1024, 1024 * 1024
ADD = {8: 0.2, 16: 0.4, 32: 0.9}
MULTIPLY = {8: 0.6, 16: 1.1, 32: 3.7}
# (largest size in bytes, cost by width); the last line has no limit
ACCESS: tuple[tuple[float, dict[int, float]], ...] = (
    (8 * KB, {8: 1.25, 16: 2.5, 32: 5.0}),
    (32 * KB, {8: 2.5, 16: 5.0, 32: 10.0}),
    (1 * MB, {8: 12.5, 16: 25.0, 32: 50.0}),
    (float("inf"), {8: 250.0, 16: 500.0, 32: 1000.0}),
)
MULTIPLY_ADD = ADD[VALUE] + MULTIPLY[VALUE]


def access(items: float, width: int) -> float:
    """One access of ``width`` bits to an array of ``items`` such items, in picojoules.

    Limits are included: an array of exactly 8 KB is of the first line. The table ends at 32 bits; an
    access of 64 counts as two of 32.

    >>> access(8192, 8), access(8193, 8), access(2205, 32)
    (1.25, 2.5, 10.0)
    """
    size = items * width / 8
    costs = next(costs for limit, costs in ACCESS if size <= limit)
    return 2 * costs[32] if width == 64 else costs[width]
