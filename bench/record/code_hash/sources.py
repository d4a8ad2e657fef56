"""The files of a checkout, or of one with some files changed: what hashes are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "dotbench"  # whose subpackages the rooms are
ROOMS = ("bench", "cdot", "datasets", "firmware", "formats")


@dataclass(frozen=True)
class Sources:
    """A folder with the rooms of the project. ``changed``: other texts of some files, by their path in it.

    ``packages``: folders of packages from elsewhere (formats as plug-ins), by name.
    """

    root: Path
    changed: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, Path] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Where a file of that relative path lies; one of a package from elsewhere starts with its name."""
        package, _, rest = name.partition("/")
        if (own := package.removesuffix(".py")) in self.packages:
            folder = self.packages[own]
            return folder / rest if rest else folder.with_suffix(".py")
        return self.root / name

    def text(self, name: str) -> str | None:
        """The text of a file, None where there is none."""
        if name in self.changed:
            return self.changed[name]
        try:
            return self.path(name).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def owns(self, module: str) -> bool:
        """Whether a module's name is of the project or of a package from elsewhere."""
        package = module.partition(".")[0]
        return package in ROOMS or package in self.packages

    def matching(self, *patterns: str) -> list[str]:
        """Paths below the root that match, changed ones included, sorted."""
        found = {path.relative_to(self.root).as_posix() for one in patterns for path in self.root.glob(one)}
        more = {name for name in self.changed for one in patterns if Path(name).match(one)}
        return sorted(found | {name for name in more if name.count("/") in {one.count("/") for one in patterns}})
