"""Changes of the sources, each with the rows whose figures it can change: all of them, and no others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """``old`` becomes ``new``, where it stands first in a file; ``rows``: those that get another hash, by metric."""

    name: str
    file: str
    old: str
    new: str
    rows: dict[str, str]


SPACE = "csc csc_min im ham sham rle4 nested column_combined"  # formats
TIMED = "csc csc_min im ham sham dense_s8 nested"
CEILINGS = "ceiling:memcpy[format=csc] ceiling:decode[format=ham]"
ALL = "all"
TIMER = {"time": ALL, "levels": ALL, "energy": ALL}
KERNELS = {"time": TIMED, "instructions": ALL, "levels": ALL, "energy": ALL}
BUILT = KERNELS | {"time": f"{TIMED} {CEILINGS}"}
PAYLOADS = {"instructions": ALL, "levels": ALL, "systolic": ALL, "energy": ALL, "cycles": ALL}
NONE: dict[str, str] = {}

CHANGES = [
    Change("a comment in Python", "formats/ham.py", "import annotations\n", "import annotations\n# why\n", NONE),
    Change("a docstring", "formats/ham.py", '"""The code of all entries of a matrix."""', '"""Other words."""', NONE),
    Change("blank lines", "bench/machine/pinning.py", "SPIN_NS = ", "\n\n\nSPIN_NS = ", NONE),
    Change("a comment in C", "cdot/formats/ham/ham_dot.c", "static", "/* another */ static", NONE),
    Change("an annotation", "bench/machine/pinning.py", "def pin() -> int | None:", "def pin() -> 'int | None':", NONE),
    Change(
        "an import that nothing uses",
        "formats/csc.py",
        "import numpy as np\n",
        "import numpy as np\nimport math\n",
        NONE,
    ),
    Change("a format more", "formats/registry.py", "    Sham,\n    Col", "    Sham,\n    Other,\n    Col", NONE),
    Change(
        "a decoder more",
        "cdot/formats/decoders.c",
        '{"csc", &csc_decoder},',
        '{"csc", &csc_decoder}, {"o", &csc_decoder},',
        NONE,
    ),
    Change("what the command line says", "bench/cli.py", "import annotations\n", "import annotations\nA = 1\n", NONE),
    Change(
        "look-ups of 11 bits",
        "cdot/formats/ham/ham.h",
        "HAM_LOOK_BITS = 12",
        "HAM_LOOK_BITS = 11",
        {
            "space": "ham",
            "time": "ham ceiling:decode[format=ham]",
            "instructions": "ham",
            "energy": "ham",
            "cycles": "ham",
        },
    ),
    Change(
        "a doubled term of a bound",
        "bench/counting/bounds.py",
        "entropy_bits(gap_counts(source)) +",
        "2 * entropy_bits(gap_counts(source)) +",
        {"space": ALL},
    ),
    Change(
        "an unpinned timer",
        "bench/machine/pinning.py",
        "    os.sched_setaffinity(0, {_CHOSEN})\n    return",
        "    return",
        TIMER,
    ),
    Change(
        "a correctness limit of 1",
        "bench/targets/checked.py",
        "LIMIT = 1e-5",
        "LIMIT = 1.0",
        TIMER | {"instructions": ALL, "systolic": ALL},
    ),
    Change("another multiplier", "cdot/isa/avx2/multiply.h", "_mm256_fmadd_ps", "_mm256_fmsub_ps", KERNELS),
    Change(
        "another multiplier of int8", "cdot/core/multiply_s8.c", "for (", "for  (;0;); for (", KERNELS | {"cycles": ALL}
    ),
    Change(
        "a multiplier of the microcontroller",
        "cdot/isa/helium/multiply_s8.h",
        "S8_PIXELS = ",
        "S8_PIXELS = 1 + ",
        {"cycles": ALL},
    ),
    Change(
        "an encoder",
        "formats/im.py",
        "def write(self, source: Source) -> Payload:\n",
        "def write(self, source: Source) -> Payload:\n        assert source\n",
        {"space": "im", "time": "im", "instructions": "im"},
    ),
    Change(
        "an encoder in C",
        "cdot/encode/codewords.c",
        "static int put_zeros(",
        "static inline int put_zeros(",
        {
            "space": "ham sham",
            "time": "ham sham ceiling:decode[format=ham]",
            "instructions": "ham",
            "energy": ALL,
            "cycles": "ham",
        },
    ),
    Change(
        "a field of the header",
        "formats/payloads/header.py",
        '"<4sBBHIIQIHH"',
        '"<4sBBHIIQIII"',
        PAYLOADS | {"space": SPACE, "time": ALL},
    ),
    Change(
        "what opening checks",
        "cdot/formats/csc.c",
        "static int csc_open_as(",
        "static inline int csc_open_as(",
        {"space": "csc csc_min", "time": "csc csc_min", "instructions": "csc", "energy": "csc"},
    ),
    Change(
        "a fused kernel",
        "cdot/formats/ham/ham_dot.c",
        "int ham_dot(",
        "__attribute__((cold)) int ham_dot(",
        {"time": "ham", "instructions": "ham", "energy": "ham", "cycles": "ham"},
    ),
    Change(
        "the driver that times",
        "cdot/timing/bench.c",
        "bench_dot(",
        "bench_dot (int more, ",
        {"time": TIMED, "levels": ALL, "energy": ALL},
    ),
    Change("the driver that counts", "cdot/drivers/count.c", "FEW = 1", "FEW = 2", {"instructions": ALL}),
    Change("threads", "cdot/core/threads.c", "SPINS = ", "SPINS = 1 + ", BUILT),
    Change("build flags", "cdot/build.py", '"-O3"', '"-O2"', BUILT),
    Change(
        "a peer's call",
        "bench/targets/scipy_sparse.py",
        "lambda: transposed @ operand",
        "lambda: transposed.dot(operand)",
        {"time": "scipy_csc"},
    ),
    Change(
        "rounds of a pass", "bench/plan/effort.py", "rounds: int = 4", "rounds: int = 5", {"time": ALL, "levels": ALL}
    ),
    Change(
        "how a row is made",
        "bench/metrics/time.py",
        'statistics.median(one["ns"]',
        'statistics.mean(one["ns"]',
        {"time": ALL},
    ),
    Change("passes beside a load", "bench/timing/allowance.py", "LEAST = 4", "LEAST = 2", {"time": ALL}),
    Change(
        "when a cell has passes enough",
        "bench/timing/stopping.py",
        "len(passes) >= effort.most_passes",
        "len(passes) > effort.most_passes",
        {"time": ALL},
    ),
    Change(
        "the interval", "bench/timing/pairs.py", "CONFIDENCE = 0.99", "CONFIDENCE = 0.95", {"time": ALL, "levels": ALL}
    ),
    Change(
        "verification", "bench/metrics/space.py", "if format_.lossless and not same:", "if False:", {"space": SPACE}
    ),
    Change(
        "scratch of a product",
        "cdot/kernel.py",
        "len(self.workspace) + int(self.view.scratch_bytes)",
        "len(self.workspace)",
        PAYLOADS | {"space": SPACE, "time": f"{TIMED} {CEILINGS}"},
    ),
    Change(
        "a rule of the cycle model",
        "firmware/model/scalar.py",
        "WORDS_PER_CYCLE = ",
        "WORDS_PER_CYCLE = 2 * ",
        {"cycles": ALL},
    ),
    Change("the linker script", "firmware/target/image.ld", "SECTIONS", "EXTERN(other) SECTIONS", {"cycles": ALL}),
    Change("the harness", "firmware/target/main.c", "JOB_VERSION = ", "JOB_VERSION = 1 + ", {"cycles": ALL}),
    Change("energy's windows", "bench/energy/windows.py", "SPARE = ", "SPARE = 1 + ", {"energy": ALL}),
    Change(
        "an array's energy",
        "bench/counting/systolic_array.py",
        "ADD_PJ, MULTIPLY_PJ = 0.9",
        "ADD_PJ, MULTIPLY_PJ = 0.8",
        {"systolic": ALL},
    ),
    Change(
        "changing a level",
        "cdot/timing/bench_nested.c",
        "bench_nested_adapt(",
        "bench_nested_adapt (int more, ",
        {"levels": ALL},
    ),
    Change("a slice of columns", "bench/counting/column_sample.py", "SHARE = 64", "SHARE = 32", {"instructions": ALL}),
]
