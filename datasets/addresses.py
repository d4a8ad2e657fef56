"""Downloads: checksums, a progress bar, one try a host. pooch does the work."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit

from datasets.errors import DataError, Unreachable
from datasets.registry import Remote

CONNECT_SECONDS, READ_SECONDS = 5, 60
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
    path = folder / Path(parts.path).name
    if parts.netloc in _SILENT and not path.exists():
        raise Unreachable(f"{parts.netloc} {_SILENT[parts.netloc]} before, and is not asked again")
    download = pooch.HTTPDownloader(progressbar=progress, timeout=(CONNECT_SECONDS, READ_SECONDS))
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
        raise DataError(
            f"{remote.url} cannot be stored in {folder}: {error.strerror or error}. Make room, or set DOTBENCH_HOME"
        ) from error
    return path


def extract(archive: Path, member: str, folder: Path) -> Path:
    """One member of a .tar.gz as a file in ``folder``; nothing else of the archive touches the disk."""
    out = folder / Path(member).name
    temporary = out.with_suffix(".new")
    try:
        with tarfile.open(archive, "r:gz") as tar, temporary.open("wb") as file:
            stream = tar.extractfile(member)
            if stream is None:
                raise KeyError(member)
            while chunk := stream.read(1 << 20):
                file.write(chunk)
        temporary.replace(out)
    except (tarfile.TarError, KeyError, EOFError, zlib.error, OSError) as error:
        raise DataError(f"{archive} does not give its member {member}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return out
