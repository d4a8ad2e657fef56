"""Widths of nested sub-networks: which units of each layer a budget of multiplications keeps (REDS).

The units of a layer are sorted by importance, so a choice is one width a layer, and the best one is found
exactly. `networks` says what a width costs and keeps, `exact` finds the best, `general` asks general solvers
for the same (extra ``solvers``), `cases` reads importances from a file.

>>> from dotbench.datasets.training.widths import Chain, solve
>>> network = Chain(importance=[[9, 5, 4, 1], [8, 7, 2]], multiplications=[10, 4], outputs=3)
>>> for level in solve(network, network.budgets([60, 80]), minimum=1):
...     print(level.widths, level.multiplications, level.importance, network.true_multiplications(level.widths))
(2, 2) 28 29 30
(3, 3) 42 35 48

The levels of the matrix between the first and the second layer are then ``widths=[(2, 2), (3, 3)]`` of
`dotbench.formats.nested.Nested.encode_with`, with the importances of both layers.
"""

from dotbench.datasets.training.widths.cases import read_case
from dotbench.datasets.training.widths.exact import BudgetError, Level, solve
from dotbench.datasets.training.widths.networks import Chain, DsCnn, Network, Step

__all__ = ["BudgetError", "Chain", "DsCnn", "Level", "Network", "Step", "read_case", "solve"]
