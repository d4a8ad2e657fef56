"""How git is called: whatever a repository or its user has configured, it prints what is asked for and runs nothing.

A repository's configuration is somebody else's where results of others are compared: it may name programs (a file
system monitor, a pager, a signature checker, diff drivers, fetchers of missing objects), and it may change what log
prints. What is set here on the command line comes last, and wins.
"""

from __future__ import annotations

import os
from pathlib import Path

# Settings that run programs, or change what the calls of `dotbench.bench.compare.repository` print.
SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "core.quotePath=true",
    "color.ui=false",
    "gpg.program=false",
    "gpg.openpgp.program=false",
    "gpg.ssh.program=false",
    "gpg.x509.program=false",
    "log.showSignature=false",
    "log.showRoot=true",
    "log.follow=false",
    "log.mailmap=false",
    "log.decorate=false",
    "log.diffMerges=separate",
    "log.excludeDecoration=",
    "log.initialDecorationSet=all",
    "format.pretty=medium",
    "format.notes=",
    "i18n.logOutputEncoding=UTF-8",
    "diff.external=",
    "diff.relative=false",
    "diff.renames=false",
    "diff.orderFile=/dev/null",
    "diff.ignoreSubmodules=none",
    "diff.noprefix=false",
    "diff.submodule=short",
    "submodule.recurse=false",
    "core.abbrev=auto",
    "core.warnAmbiguousRefs=true",
    "protocol.allow=never",  # a partial clone asks nobody for what it has not got
)
ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ASKPASS": "false",
    "GIT_PAGER": "cat",
}
# Of git's own variables these stay: where it looks for itself, and its user's configuration (which repositories are
# safe, say). What `SETTINGS` has comes behind that.
KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG", "GIT_CEILING_DIRECTORIES")


def git_command(folder: Path, *arguments: str) -> list[str]:
    """The words that run git in a folder."""
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    return ["git", "--no-pager", "-C", str(folder), *settings, *arguments]


def git_environment() -> dict[str, str]:
    """The environment without what would choose another repository, tell git to trace, or run other programs: git's
    hooks set some of it."""
    return {name: value for name, value in os.environ.items() if _is_harmless(name)} | ENVIRONMENT


def _is_harmless(name: str) -> bool:
    return not name.startswith("GIT_") or name.startswith(KEPT)
