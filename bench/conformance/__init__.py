"""Conformance: one class a kind of plug-in, which an outside package subclasses in its tests and runs with pytest."""
