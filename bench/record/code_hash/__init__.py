"""What a figure depends on, as hashes: definitions that its metric's roots reach, in Python and in C.

The unit is the definition, not the file: a function, a class, a constant, a macro. What a root names belongs to it,
wherever that stands; so moving, splitting and joining files changes no hash, and a new format changes no other's.
Comments, docstrings, layout, file names, module paths and import lines do not count.

`hashes` is the way in; `roots` says what a metric carries, and what is not followed.
"""
