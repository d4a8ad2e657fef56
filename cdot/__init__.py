"""C kernels: decoders that fill blocks, one set of multipliers, one build.

The contract is `cdot.h`. Here is only what Python needs of it: `build` compiles, `library` opens,
`kernel` wraps one payload.
"""

if __name__ != "dotbench.cdot":  # in a checkout this folder can be seen by its bare name, too
    raise ImportError("this is dotbench.cdot: from dotbench import cdot")
