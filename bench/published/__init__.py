"""Published figures: a module a paper, each with ``GROUPS`` of figures and ``ABSENT`` ones.

`papers` lists them, `paper` computes them.
"""
