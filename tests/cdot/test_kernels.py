"""The C side: headers that cffi reads, builds, checksums, the bit stream, seek bases, refusals."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.encode.codewords import encode_columns
from dotbench.cdot.encode.table import Table
from dotbench.cdot.errors import KernelError, PayloadError, check
from dotbench.cdot.kernel import Kernel, Pool, aligned, bench_compute, bench_memcpy, crc
from dotbench.cdot.library import declarations, ffi
from dotbench.formats.parts.huffman import Fields


def test_crc_32c() -> None:
    """The check value of CRC-32C (iSCSI, RFC 3720): "123456789" gives e3069283."""
    assert crc(np.frombuffer(b"123456789", np.uint8)) == 0xE3069283
    assert crc(np.zeros(32, np.uint8)) == 0x8A9136AA  # RFC 3720, B.4: 32 bytes of zeros


def test_every_build_has_the_same_crc() -> None:
    from dotbench.cdot.library import library, pointer

    data = np.random.default_rng(0).integers(0, 256, 1001).astype(np.uint8)
    found = {library(isa).cdot_crc(pointer(data, "const uint8_t *"), 1001) for isa in build.instruction_sets()}
    assert len(found) == 1


def test_declarations_are_plain_c() -> None:
    assert "#" not in declarations()
    assert ffi.sizeof("cdot_header") == 32
    assert ffi.sizeof("cdot_cursor") == 384


def encode(symbols: list[int], lengths: list[int], words: int, bit: int = 0, zero: int = -1) -> tuple[list[str], int]:
    stream = np.zeros(words, np.uint32)
    codes = np.cumsum([0] + [1 << (8 - length) for length in lengths[:-1]])
    codes = np.array([code >> (8 - length) for code, length in zip(codes, lengths, strict=True)], np.uint64)
    count = len(symbols)
    values = np.arange(len(lengths), dtype=np.float32)
    ends = encode_columns(
        np.arange(count, dtype=np.int32), values[symbols], np.array([0, count], np.int64),
        count, zero, Table.of(values), codes << np.uint64(8) | np.array(lengths, np.uint64), stream, bit,
    )  # fmt: skip
    return [f"{word:032b}" for word in stream], int(ends[-1])


@pytest.mark.parametrize("bit", range(32))
def test_codewords_at_every_bit(bit: int) -> None:
    """Codewords 0, 10, 110, 111 behind ``bit`` zeros, across the end of a word."""
    words, end = encode([3, 1, 0, 2] * 9, [1, 2, 3, 3], 4, bit)
    assert "".join(words) == ("0" * bit + "111100110" * 9).ljust(128, "0")
    assert end == bit + 81


def test_a_stream_that_is_too_short_is_refused() -> None:
    with pytest.raises(KernelError, match="too small"):
        encode([3] * 11, [1, 2, 3, 3], 1)


def test_seek_bases_of_streams_above_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of streams beyond 2^32 bits, with the border moved to where a test reaches it."""
    W = np.random.default_rng(0).integers(0, 5, (300, 700)).astype(np.float32)
    plain = {name: formats.get(name).encode(W) for name in ("ham", "sham")}
    for border in (1 << 14, 1 << 16, 1 << 17):
        monkeypatch.setattr(Fields, "BASES_FROM", border)
        for name, without in plain.items():
            payload = formats.get(name).encode(W)
            assert len(payload.section("seek_bases")) > 1
            assert (payload.section("seek_points") < border).all()
            assert np.array_equal(payload.decode(), W)
            x = np.ones(300, np.float32)
            assert np.array_equal(payload.dot(x, columns=(333, 600)), without.dot(x, columns=(333, 600)))


def test_hostile_headers() -> None:
    """Sizes that overflow 64 bits, code lengths of no code, a workspace that is too small."""
    payload = formats.get("ham").encode(np.eye(40, dtype=np.float32))
    for at, value in (
        (8, b"\xff\xff\xff\xff"),
        (12, b"\xff\xff\xff\x7f"),
        (32, b"\xff\xff\xff\xff"),
        (36, b"\x38"),
    ):
        damaged = aligned(payload.nbytes)
        damaged[:] = payload.data
        damaged[at : at + len(value)] = np.frombuffer(value, np.uint8)
        with pytest.raises(PayloadError, match="cannot be read"):
            Kernel("ham", damaged)
    lengths = payload.data.copy()
    lengths[48 + 8 : 48 + 12] = [3, 0, 0, 0]
    with pytest.raises(PayloadError, match="prefix code"):
        Kernel("ham", lengths)
    with pytest.raises(PayloadError, match="another format"):
        Kernel("sham", payload.data)
    with pytest.raises(KeyError, match="no kernels"):
        Kernel("nonesuch", payload.data)


def test_errors_have_words() -> None:
    assert check(5) == 5
    with pytest.raises(KernelError, match=r"out of order .*error -10"):
        check(-10)
    with pytest.raises(KernelError, match="could not be started"):
        Pool(100_000)


def test_other_drivers() -> None:
    data = np.arange(256, dtype=np.uint8)
    copy = np.zeros(256, np.uint8)
    assert bench_memcpy(copy, data, 2) >= 0 and np.array_equal(copy, data)
    with Pool(2) as pool:
        assert bench_compute(pool, 1000, 2) > 0
    assert bench_compute(None, 1000, 2) > 0


def test_building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_ISA", "sparc")
    with pytest.raises(build.BuildError, match="DOTBENCH_ISA=sparc does not run on this processor"):
        build.chosen_isa()
    monkeypatch.setenv("DOTBENCH_ISA", build.instruction_sets()[-1])
    assert build.chosen_isa() == build.instruction_sets()[-1]
    (tmp_path / "file").touch()
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "file"))
    with pytest.raises(build.BuildError, match="cannot be built in .* Set DOTBENCH_HOME"):
        build.build(plugin=build.FOLDER / "encode" / "codewords.c")


def test_a_plugin_that_does_not_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path))
    wrong = tmp_path / "wrong.c"
    wrong.write_text("int f(void) { return x; }\n")
    with pytest.raises(build.BuildError, match=r"compiling wrong.*failed"):
        build.build(plugin=wrong)
    assert not list((tmp_path / "build").glob("*.so"))


def test_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    build.compiler_name.cache_clear()
    monkeypatch.setenv("DOTBENCH_CC", "no-such-compiler")
    with pytest.raises(build.BuildError, match="no-such-compiler does not run"):
        build.compiler_name()
    monkeypatch.delenv("DOTBENCH_CC")
    monkeypatch.delenv("DOTBENCH_CFLAGS", raising=False)
    assert build.compiler_name() == "zig-0.17.1"

    def missing(_: str) -> str:
        raise build.PackageNotFoundError

    monkeypatch.setattr(build, "version", missing)
    with pytest.raises(build.BuildError, match="pip install ziglang==0.17.1"):
        build.compiler_command()
    build.compiler_name.cache_clear()


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        ("x86_64", build.X86_64_V3, ["x86_64_v3", "x86_64"]),
        ("x86_64", frozenset({"sse2"}), ["x86_64"]),
        ("aarch64", frozenset(), ["aarch64"]),
    ],
)
def test_instruction_sets(
    monkeypatch: pytest.MonkeyPatch, machine: str, flags: frozenset[str], expected: list[str]
) -> None:
    monkeypatch.setattr(build.platform, "machine", lambda: machine)
    monkeypatch.setattr(build, "processor_flags", lambda: flags)
    assert build.instruction_sets() == expected


def test_no_kernels_for_other_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.platform, "machine", lambda: "riscv64")
    with pytest.raises(build.BuildError, match="riscv64"):
        build.instruction_sets()


def test_aarch64_compiles() -> None:
    """The same sources for AArch64 with the pinned compiler; nothing here can run them."""
    if build.os.environ.get("DOTBENCH_CC"):
        pytest.skip("DOTBENCH_CC compiles for this machine only: unset it (nox -s tests)")
    made = build.build("aarch64")
    assert made.read_bytes()[:4] == b"\x7fELF" and made.read_bytes()[18] == 0xB7  # EM_AARCH64


CHARS = """
import numpy as np
from dotbench import formats
W = np.random.default_rng(0).integers(0, 6, (300, 70)).astype(np.float32) * (np.arange(70) % 3 > 0)
names = [kind.name for kind in formats.registry.BUILT_IN if kind.lossless]
for name in (*names, "bitmap[values=codebook]"):
    for dtype in formats.parse(name).value_types:
        payload = formats.parse(name).encode(formats.to_bfloat16(W) if dtype == "bfloat16" else W.astype(dtype))
        assert (payload.decode() == W).all() and payload.dot(np.ones(300, payload.kernel.arithmetic.inputs)).tolist() == W.sum(0).tolist()
        print(name, dtype, payload.header.crc)
"""


def test_builds_with_signed_and_unsigned_char() -> None:
    """What `char` is differs between processors; the kernels must not care."""
    said = []
    for flag in ("-fsigned-char", "-funsigned-char"):
        flags = f"{build.os.environ.get('DOTBENCH_CFLAGS', '')} {flag}".strip()
        environment = {**build.os.environ, "DOTBENCH_CFLAGS": flags, "PYTHONPATH": str(build.FOLDER.parent)}
        done = subprocess.run([sys.executable, "-c", CHARS], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1] and said[0].count("\n") >= 11


def test_a_pool_that_slept_wakes_up() -> None:
    """Threads that sleep, that are more than the parts, and that come too late: the product stays the same."""
    W = np.random.default_rng(0).integers(0, 3, (90, 200)).astype(np.float32)
    payload = formats.get("csc").encode(W)
    X = np.random.default_rng(1).standard_normal((35, 90)).astype(np.float32)
    Y, expected = np.zeros((35, 200), np.float32), payload.dot(X)
    with Pool(5) as pool:
        scratch = payload.kernel.scratch(35, 5)
        for round_ in range(300):
            if round_ % 100 == 0:
                time.sleep(0.05)
            Y[:] = np.nan
            payload.kernel.dot(X, Y, (0, 200), pool, scratch)
            assert np.array_equal(Y, expected), round_
