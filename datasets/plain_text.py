"""What a file of numbers as text starts with, and what makes it none: marks of byte order, alphabets, line ends."""

from __future__ import annotations

from pathlib import Path

from dotbench.datasets.errors import DataError

MARK = b"\xef\xbb\xbf"  # of UTF-8, as some editors write it
WIDE = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
BINARY = {
    b"\x93NUMPY": ".npy file of numpy",
    b"PK\x03\x04": ".npz or other zip archive",
    b"\x1f\x8b": "gzip file",
    b"BZh": "bzip2 file",
    b"\xfd7zXZ\x00": "xz file",
    b"\x89HDF": "HDF5 file",
    b"PAR1\x15": "Parquet file",
}
HEAD_BYTES = 4096


def skip_mark(path: Path, head: bytes) -> int:
    """Bytes in front of the text: 0, or those of UTF-8's mark; DataError where ``head`` begins no such text."""
    for start, name in WIDE.items():
        if head.startswith(start):
            raise _encoded(path, name)
    for start, name in BINARY.items():
        if head.startswith(start):
            raise DataError(f"{path} is a {name}, and its name ends in {path.suffix}: rename it to what it is")
    if b"\0" in head[:HEAD_BYTES]:
        if head[:64].count(b"\0") * 2 >= len(head[:64]) - 1 and len(head) > 3:
            raise _encoded(path, "UTF-16")
        raise DataError(f"{path} is no text: it holds zero bytes")
    seen = head[:-1] if len(head) >= HEAD_BYTES else head  # behind its last byte may come the line feed
    if b"\r" in seen and b"\n" not in head:
        raise DataError(
            f"{path}: its lines end in a carriage return alone, as on old Macs: write line feeds (tr '\\r' '\\n')"
        )
    return len(MARK) if head.startswith(MARK) else 0


def _encoded(path: Path, name: str) -> DataError:
    return DataError(f"{path} is text in {name}: save it as UTF-8 (iconv -f {name} -t UTF-8)")
