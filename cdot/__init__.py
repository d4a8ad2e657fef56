"""C kernels: decoders that fill blocks, one set of multipliers, one build.

The contract is `cdot.h`. Here is only what Python needs of it: `build` compiles, `library` opens,
`kernel` wraps one payload.
"""
