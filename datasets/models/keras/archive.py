"""Keras's .keras: a zip archive of config.json and model.weights.h5, of which the latter is read where it lies."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.limits import check_unpacked
from dotbench.datasets.models.keras.process import Part

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
LOCAL = struct.Struct("<4s22xHH")  # the header before a member: signature, ..., lengths of its name and its extras
MOST_CONFIG = 64 << 20
ENCRYPTED = 1
BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, struct.error, zlib.error)


def opened(path: Path) -> tuple[Part, str]:
    """Where the weights lie, and the model's configuration as JSON; DataError where an archive is none of Keras's."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            twice = len({one.filename for one in members}) < len(members)
            weights, config = (_member(members, name) for name in (WEIGHTS, CONFIG))
            if twice or weights is None or config is None:
                raise DataError(
                    f"{path} cannot be read as a model: it is a zip archive without {CONFIG} and {WEIGHTS}, or with "
                    "two members of one name: model.save('model.keras') of Keras 3 writes such files"
                )
            part = _part(path, weights)
            _check_config(path, config)
            return part, archive.read(config).decode("utf-8", "replace")
    except DataError:
        raise
    except BROKEN as error:
        raise DataError(f"{path} cannot be read as a model: {str(error)[:200]}; {CUT}") from error


def _member(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo | None:
    return next((one for one in members if one.filename == name), None)


def _part(path: Path, member: zipfile.ZipInfo) -> Part:
    """Where a stored member lies, which is all in the file."""
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & ENCRYPTED:
        raise DataError(f"{path} cannot be read as a model: its {WEIGHTS} is packed; Keras stores it: save it again")
    with path.open("rb") as file:
        file.seek(max(member.header_offset, 0))  # zipfile moves offsets, below 0 where a directory lies
        start = file.read(LOCAL.size)
    if member.header_offset < 0 or len(start) < LOCAL.size:
        raise DataError(f"{path} cannot be read as a model: its {WEIGHTS} does not lie in it; {CUT}")
    signature, name, extra = LOCAL.unpack(start)
    begin = member.header_offset + 30 + name + extra
    if signature != b"PK\3\4" or begin + member.file_size > path.stat().st_size:
        raise DataError(f"{path} cannot be read as a model: its {WEIGHTS} does not lie in it; {CUT}")
    return Part(path, begin, member.file_size)


def _check_config(path: Path, member: zipfile.ZipInfo) -> None:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.file_size > MOST_CONFIG:
        raise DataError(f"{path} cannot be read as a model: its {CONFIG} is packed in a strange way, or too large")
    check_unpacked(f"{path}#{CONFIG}", path.stat().st_size, member.file_size)
