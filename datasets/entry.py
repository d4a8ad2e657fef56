"""What the registry says of a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Remote:
    """A file at a canonical address; ``sha256`` is "" where none is published, ``saved_as`` a better name than
    the address's last word."""

    url: str
    sha256: str = ""
    saved_as: str = ""

    @property
    def name(self) -> str:
        return self.saved_as or PurePosixPath(urlsplit(self.url).path).name


@dataclass(frozen=True)
class Wheel:
    """A model that a package for Python brings: ``file`` is the wheel's name, ``member`` the model's path in it, which
    takes ``nbytes``; both are known by their SHA-256."""

    package: str
    version: str
    file: str
    sha256: str
    member: str
    member_sha256: str
    nbytes: int

    @property
    def name(self) -> str:
        """The model's file name."""
        return PurePosixPath(self.member).name


@dataclass(frozen=True)
class Dataset:
    """One matrix.

    ``mirror`` is its path in the local mirror; ``remotes`` what to fetch otherwise (an archive with
    ``member``, a file, or the stream and code of a published network), which the mirror may hold too, in the
    same folder. ``matrix_sha256`` of the content every real source has to have; it is "" where the real one was
    never at hand, as ``mirror_sha256`` is where no checksum is published; ``hearsay`` is that the checksum
    comes from a third party alone, so that another one is said and no error.

    ``drop`` are columns of a table that are no part of the matrix; ``subset`` is that it has real rows
    of a larger one; ``by_hand`` what to fetch without an address, and from where; ``density`` and ``distinct``
    (nonzero values) what is published of a matrix without a hash. ``wheel``: the package that brings its model, of
    which ``member`` is then the tensor.
    """

    name: str
    shape: tuple[int, int]
    summary: str
    licence: str
    matrix_sha256: str
    mirror: str
    mirror_sha256: str
    remotes: tuple[Remote, ...]
    member: str = ""
    drop: tuple[int, ...] = ()
    hearsay: bool = False
    subset: bool = False
    by_hand: str = ""
    density: float = 0.0
    distinct: int = 0
    wheel: Wheel | None = None
