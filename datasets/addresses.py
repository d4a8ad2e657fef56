"""Downloads: checksums, a progress bar, one try a host. pooch does the work."""

from __future__ import annotations

import errno
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from dotbench.datasets.entry import Remote
from dotbench.datasets.errors import DataError, NoRoom, Unreachable

CONNECT_SECONDS, READ_SECONDS = 5, 60
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SILENT: dict[str, str] = {}  # hosts that failed in this process, and how


def fetch(remote: Remote, folder: Path, progress: bool) -> Path:
    """The file of an address in ``folder``, downloaded if it is not there.

    Raises Unreachable where the host does not give it, DataError where it gives something else or the
    disk does not take it.
    """
    import pooch  # type: ignore[import-untyped]
    import requests

    pooch.get_logger().setLevel("ERROR")  # what happens is told by our errors
    parts = urlsplit(remote.url)
    path = folder / remote.name
    if parts.netloc in _SILENT and not path.exists():
        raise Unreachable(f"{parts.netloc} {_SILENT[parts.netloc]} before, and is not asked again")
    answers: list[requests.Response] = []
    hooks = {"response": lambda answer, *_, **__: answers.append(answer)}
    download = pooch.HTTPDownloader(progressbar=progress, timeout=(CONNECT_SECONDS, READ_SECONDS), hooks=hooks)
    known = f"sha256:{remote.sha256}" if remote.sha256 else None
    try:
        pooch.retrieve(remote.url, known, fname=path.name, path=folder, downloader=download)
    except requests.exceptions.HTTPError as error:
        raise Unreachable(f"{remote.url} answers {getattr(error.response, 'status_code', error)}") from error
    except requests.exceptions.RequestException as error:
        _SILENT[parts.netloc] = "did not answer"
        raise Unreachable(f"{parts.netloc} does not answer") from error
    except ValueError as error:
        raise DataError(
            f"{remote.url} is not what it was published as (sha256 {remote.sha256} expected): it was changed, or "
            "damaged on the way. The download was removed; try again, or put the right file into the mirror"
        ) from error
    except OSError as error:
        raise NoRoom(f"{remote.url} cannot be stored in {folder}", error) from error
    finally:
        for answer in answers:  # pooch leaves it open where it is cut short
            answer.close()
    return path


def extract(archive: Path, member: str, folder: Path) -> Path:
    """One member of a .zip, .whl or .tar.gz as a file in ``folder``; nothing else of the archive touches the disk."""
    out = folder / Path(member).name
    try:
        with _member(archive, member) as stream, out.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom(f"{archive} cannot be unpacked in {folder}", error) from error
        raise DataError(f"{archive} does not give its member {member}: {error}") from error
    except (tarfile.TarError, zipfile.BadZipFile, KeyError, EOFError, zlib.error, RuntimeError) as error:
        raise DataError(f"{archive} does not give its member {member}: {error}") from error
    return out


@contextmanager
def _member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if archive.suffix in (".zip", ".whl"):
        with zipfile.ZipFile(archive) as packed, packed.open(member) as stream:
            yield stream
        return
    with tarfile.open(archive, "r:gz") as tar:
        for found in tar:  # in the archive's order, as far as needed: looking a name up would unpack all of it
            if found.name == member and (inside := tar.extractfile(found)) is not None:
                yield inside
                return
    raise KeyError(f"{member} is not in it")
