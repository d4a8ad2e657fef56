"""Microcontrollers: the kernels of cdot/ on a Cortex-M55, run, checked, counted and estimated.

`toolchain` builds images, `jobs` puts payloads into memory, `runners` run both, `protocol` reads what the
target says, `profile` what the plugin of QEMU counted, `model` estimates cycles, and `measure` does it all.
"""

if __name__ != "dotbench.firmware":  # in a checkout this folder can be seen by its bare name, too
    raise ImportError("this is dotbench.firmware: from dotbench import firmware")
