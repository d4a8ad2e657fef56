"""The report: one HTML file with the results, plotly's script and everything else inside.

It opens from ``file://`` and asks nobody for anything: a content security policy in the page forbids it. Rows
travel as JSON (`pack`); which of their columns can be axes, marks and charts is said here in Python (`axes`,
`marks`, `charts`), and drawn by the scripts in ``assets/``.
"""
