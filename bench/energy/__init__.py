"""Energy of a product: counters and windows where there are counters, and the published model.

`model` and `published` are exact and need no machine. The rest measures: `backends` finds counters,
`meters` read them from tick to tick, `windows` repeats kernels between idle windows, `estimate` says
what the windows tell.
"""
