"""Sessions, and a bootstrap: ``python3 noxfile.py -s small`` needs Python 3.11 and nothing else.

Run as a script it makes a private environment with nox in it (.nox/bootstrap-X.Y) and goes on there;
with nox installed, ``nox -s small`` is the same. Environments are reused until pyproject.toml changes.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


ROOMS = ("bench", "cdot", "datasets", "firmware", "formats")
LINKS = [ROOT / "dotbench" / room for room in ROOMS]
COPIED = [f"dotbench/{link.name}" for link in LINKS if link.is_dir() and not link.is_symlink()]
if COPIED or not all(link.is_dir() for link in LINKS):
    remove = f"rm -rf {' '.join(COPIED)} && " if COPIED else ""
    sys.exit(
        "noxfile.py: this checkout has lost the links of its folder dotbench/ to the folders beside it. In the "
        f"checkout: {remove}ln -sfn {' '.join(f'../{room}' for room in ROOMS)} dotbench/"
    )


def environment(name: str, *install: str) -> Path:
    """The Python of the environment .nox/NAME-X.Y with these pip arguments installed, made if needed."""
    folder = ROOT / ".nox" / f"{name}-{VERSION}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + repr((ROOT, install)).encode()).hexdigest()
    stamp, python = folder / "installed", folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"{name}: setting up {folder.relative_to(ROOT)} (once)", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)])
        if made.returncode:
            sys.exit("noxfile.py: no virtual environment could be made; on Debian: apt install python3-venv")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, *install], cwd=ROOT).returncode:
            sys.exit("noxfile.py: pip could not install what is needed; its words stand above")
        stamp.write_text(wanted)
    return python


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - the one place where an older Python arrives
        sys.exit(f"noxfile.py: Python 3.11 or later is needed, this is {sys.version.split()[0]}")
    nox_python = str(environment("bootstrap", "nox==2026.10.20"))
    os.execv(nox_python, [nox_python, "-m", "nox", "-f", str(ROOT / "noxfile.py"), *sys.argv[1:]])

import nox  # noqa: E402 - only there behind the bootstrap

nox.options.default_venv_backend = "none"
nox.options.error_on_external_run = False
nox.options.sessions = ["lint", "tests"]

RUN = ("-e", ".[all,vela]")  # what reads images for cycles, and Arm's weight coder, are small; no torch, no MKL
PEERS = (*RUN, "-e", ".[peers]", "pytest>=8.3")  # gigabytes: an environment of its own
TORCH = ("-e", ".[run,compiler,torch]", "pytest>=8.3", "safetensors>=0.8")  # half a gigabyte: the same
TESTS = ("-e", ".[tests]", "-e", "./examples/ell")

# What `dotbench selftest` and `bench.goals.race` exit with where they ran, and this machine is not good enough now:
# they say so in their last line. A session that ran is no failure; 1 is, whatever the machine (bench/trust/judged.py).
JUDGED = (0, 3)

# The session `peers`: what may be fastest on some matrix, and the libraries that people take instead.
RACERS = (
    "csc", "csc_min", "csc_palette", "cser", "sham", "ham", "im", "cells", "bitmap", "bsr", "dense",
    "mkl_csr", "torch_csr", "torch_dense", "graphblas_csr", "scipy_csc", "blas_dense",
)  # fmt: skip
RACED = (
    "deepdta/30-0-16", "deepdta/30-0-256", "deepdta/80-0-16", "deepdta/80-0-256", "orsreg_1", "SiNa",
    "vgg19/60-0-256", "vgg19/90-0-32", "covtype-38pct", "random/4096-50-32", "random/4096-70-32",
    "random/4096-90-32", "random/4096-95-32", "random/4096-99-32",
)  # fmt: skip

# Of gcc: pragmas are clang's, and in the portable build some constants are 0 and some parameters are of no use.
ASAN_FLAGS = (
    "-fsanitize=address,undefined -fno-sanitize-recover=all -g -O1 -Werror "
    "-Wno-unknown-pragmas -Wno-type-limits -Wno-unused-parameter"
)


def bench(session: nox.Session, *arguments: str, **more: str) -> None:
    """Runs ``python -m bench ARGUMENTS``."""
    python = environment("run", *RUN)
    session.run(str(python), "-m", "bench", *arguments, env={"PYTHONPATH": str(ROOT), **more})


def judge(session: nox.Session, *arguments: str) -> None:
    """Runs a module that judges this machine; the session fails only where something is broken."""
    python = environment("run", *RUN)
    session.run(str(python), "-m", *arguments, env={"PYTHONPATH": str(ROOT)}, success_codes=JUDGED)


@nox.session
def small(session: nox.Session) -> None:
    """The standard run of 7 to 14 minutes: eight matrices and two int8 layers, results into results/."""
    bench(session, "run", "small", *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """All matrices of the registry, the large ones as far as can be had, else as twins: one to two hours."""
    bench(session, "run", "full", *session.posargs)


@nox.session
def pick(session: nox.Session) -> None:
    """In which format each layer of a model should be stored: ``-- model.safetensors``; ``-- --help``."""
    bench(session, "pick", *(session.posargs or ["--help"]))


@nox.session
def peers(session: nox.Session) -> None:
    """MKL, PyTorch and GraphBLAS beside the formats that may be fastest, into results/time.csv.

    Batches of 1, 8 and 32, their conformance first. ``-- --datasets NAMES``, ``--threads 2``; goes on where it was.
    """
    python, path = str(environment("peers", *PEERS)), {"PYTHONPATH": str(ROOT)}
    conformance = ("tests/bench/targets/test_peers.py", "tests/bench/targets/test_own_environment.py")
    session.run(python, "-m", "pytest", "-q", *conformance, env={**path, "DOTBENCH_PEERS": "1"})
    names = () if "--datasets" in session.posargs else ("--datasets", ",".join(RACED))
    words = ("--formats", ",".join(RACERS), "--metrics", "time", "--batch", "1,8,32", *names, *session.posargs)
    session.run(python, "-m", "bench", "run", *words, env=path)


@nox.session
def torch(session: nox.Session) -> None:
    """Compressed layers inside PyTorch's models: `dotbench.torch` and its tests, then its figures.

    ``-- -k opcheck``: pytest's words; then no figures.
    """
    python = str(environment("torch", *TORCH))
    env = {"PYTHONPATH": str(ROOT), "DOTBENCH_TORCH": "1"}
    session.run(python, "-m", "pytest", "-q", "tests/pytorch", *session.posargs, env=env)
    if not session.posargs:
        session.run(python, "-m", "dotbench.bench.goals.torch_calls", env=env)


@nox.session
def breakeven(session: nox.Session) -> None:
    """From what share of zeros on formats beat a dense product, for eight common shapes: results/breakeven.csv.

    Each shape is in there as soon as it is measured, some minutes each; goes on where it was, and says what is missing.
    """
    python = environment("run", *RUN)
    path = {"PYTHONPATH": str(ROOT)}
    session.run(str(python), "-m", "dotbench.bench.breakeven.shapes", *session.posargs, env=path)


@nox.session
def selftest(session: nox.Session) -> None:
    """Does the timing tell the truth here? Same kernels called the same, slower ones found. The last line says."""
    judge(session, "bench", "selftest", *session.posargs)


@nox.session
def limits(session: nox.Session) -> None:
    """How near the kernels are to their limits: a line a goal, in about five minutes; the last says what is missed."""
    judge(session, "dotbench.bench.goals.race", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite with coverage, examples included."""
    python = str(environment("tests", *TESTS))
    for old in ROOT.glob(".coverage*"):
        old.unlink()
    workers = () if session.posargs else ("-n", "auto", "--maxprocesses", "8")
    session.run(python, "-m", "coverage", "run", "-m", "pytest", *workers, *session.posargs)
    session.run(python, "-m", "coverage", "combine", "--quiet")
    if not session.posargs:  # a part of the tests covers a part of the code
        session.run(python, "-m", "coverage", "report")


@nox.session
def lint(session: nox.Session) -> None:
    """ruff and mypy."""
    python = str(environment("lint", "-e", ".[lint]"))
    session.run(python, "-m", "ruff", "check", ".")
    session.run(python, "-m", "ruff", "format", "--check", ".")
    session.run(python, "-m", "mypy")


@nox.session
def sanitize(session: nox.Session) -> None:
    """Conformance under AddressSanitizer and UndefinedBehaviorSanitizer; needs gcc."""
    python = str(environment("tests", *TESTS))
    found = [
        subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libstdc++.so")  # the second for exceptions that an extension module throws
    ]
    session.run(
        python, "-m", "pytest", "--capture=sys", "tests/formats", "tests/cdot", *session.posargs,
        env={
            "DOTBENCH_CC": "gcc",
            "DOTBENCH_CFLAGS": ASAN_FLAGS,
            "LD_PRELOAD": ":".join(found),
            "ASAN_OPTIONS": "detect_leaks=0",  # Python itself never gives all back
            "UBSAN_OPTIONS": "print_stacktrace=1",
        },
    )  # fmt: skip


@nox.session
def faults(session: nox.Session) -> None:
    """A run of 500 cells killed ten times; 1200 bits flipped in journals, 200 in caches, 700 files cut short."""
    python = str(environment("tests", *TESTS))
    many = {"DOTBENCH_FAULT_MATRICES": "100", "DOTBENCH_FAULT_KILLS": "10"}
    many = {name: os.environ.get(name, number) for name, number in many.items()}
    session.run(python, "-m", "pytest", "tests/bench/run/test_faults.py", "-k", "killed", *session.posargs, env=many)
    damage = {"DOTBENCH_FAULT_FLIPS": "1200", "DOTBENCH_FAULT_CACHE": "200", "DOTBENCH_FAULT_CUTS": "175"}
    files = (
        "tests/bench/record/test_damaged_journal.py",
        "tests/bench/run/test_damaged_cache.py",
        "tests/bench/record/test_damaged_results.py",
    )
    damage = {name: os.environ.get(name, number) for name, number in damage.items()}
    session.run(python, "-m", "pytest", "-s", *files, *session.posargs, env=damage)


@nox.session
def firmware(session: nox.Session) -> None:
    """Kernels on a Cortex-M55 under QEMU (or an FVP, or a board): results/cycles.csv. QEMU is fetched without root."""
    python = environment("run", *RUN)
    session.run(
        str(python), "-m", "dotbench.bench.microcontroller.command", *session.posargs, env={"PYTHONPATH": str(ROOT)}
    )


@nox.session
def wheels(session: nox.Session) -> None:
    """Wheels with kernels for x86-64 and aarch64: built, looked at, one installed.

    Beside `datasets` and `cdot` of the index, in both orders; says megabytes and the seconds from nothing to the first
    product. ``-- --keep FOLDER``.
    """
    python = str(environment("wheels", "-e", ".[wheels]"))
    session.run(python, str(ROOT / "wheels" / "session.py"), *session.posargs, env={"PYTHONPATH": str(ROOT)})


@nox.session
def aarch64(session: nox.Session) -> None:
    """The conformance suite on aarch64 under qemu-aarch64, and bits of payloads and products against x86-64's.

    Its Python and packages are fetched without root.
    ``-- --quick``: the part that the landing check runs; ``--whole``; pytest's words, files of tests.
    """
    python = str(environment("tests", *TESTS))
    if not (shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")):
        apt_installed("qemu-user")  # else the session says the line
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    session.run(python, "-m", "emulation", *session.posargs, env={"PYTHONPATH": path})


@nox.session
def browser(session: nox.Session) -> None:
    """The report in a real headless Chromium: clicked, read by axe, printed, photographed (.dotbench/screenshots).

    ``-- -m quick``: the part that the landing check runs.
    """
    python = str(environment("browser", "-e", ".[tests,browser]"))
    program = chromium() or installed_chromium(session)
    session.run(python, "-m", "pytest", "tests/browser", *session.posargs, env={"DOTBENCH_BROWSER": program})


def chromium() -> str | None:
    """A Chromium of this machine."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def installed_chromium(session: nox.Session) -> str:
    """Debian's, installed where that needs no question; else the line that brings it."""
    apt_installed("chromium")
    return chromium() or session.error("no Chromium here; on Debian and Ubuntu: sudo apt-get install chromium")


def apt_installed(*packages: str) -> None:
    """Asks Debian's package manager, where that needs no question and answers within minutes."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run(["timeout", "300", "apt-get", "--quiet", *words], check=False, stdin=subprocess.DEVNULL)


@nox.session
def slow(session: nox.Session) -> None:
    """Tests of many minutes: ten thousand matrices through the int8 formats, every layer of published models."""
    python = str(environment("tests", *TESTS))
    session.run(python, "-m", "pytest", "-m", "slow", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Tables and plots of the README and of docs/, anew from results/; docs/columns.md."""
    python = str(environment("docs", "-e", ".[docs]"))
    for module in ("readme", "format_pages", "limits", "rivals", "breakeven", "columns"):
        session.run(python, "-m", f"dotbench.bench.pages.{module}", env={"PYTHONPATH": str(ROOT)})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Damaged payloads to all kernels (libFuzzer, ASan, UBSan), damaged files to all readers (atheris); ten minutes.

    ``-- --minutes N``, ``--only 'payload:ham:*'``, ``--jobs 2``; goes on where the last run was.
    """
    python = str(environment("fuzz", "-e", ".[fuzz]", "-e", "./examples/ell"))
    if not shutil.which("clang"):
        apt_installed("clang", "libclang-rt-dev")  # else the session says the line and fuzzes the readers
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    session.run(python, "-m", "fuzzing", *session.posargs, env={"PYTHONPATH": path})


@nox.session
def fuzz_tflite(session: nox.Session) -> None:
    """Of `fuzz` the reader of models alone."""
    session.posargs[:0] = ["--only", "reader:tflite"]
    fuzz(session)


@nox.session
def paper(session: nox.Session) -> None:
    """docs/paper.md: every published figure that can be computed here, beside ours."""
    bench(session, "paper", "--out", "docs/paper.md")


# Every session that checks, quick ones first. Left out are those that measure into results/ or write pages: small,
# full, peers, breakeven, paper, docs. (Whether pages are current is one of the tests.)
CHECKS = {
    "lint": (),
    "tests": (),
    "sanitize": (),
    "browser": (),
    "faults": (),
    "fuzz": ("--minutes", "5", "--unrecorded"),
    "wheels": (),
    "aarch64": (),
    "slow": (),
    "torch": (),
    "firmware": ("--out", ".dotbench/everything/results"),
    "limits": (),
    "selftest": (),
}
JUDGES = ("limits", "selftest")  # sessions that judge this machine, and may find it not good enough
# What their last line says, or nox of their exit status, where they worked (bench/trust/judged.py)
NOT_GOOD_ENOUGH = re.compile(r"\(exit status 3\)|failed with exit code 3$", re.MULTILINE)
BROKEN = re.compile(r"failed with exit code (?!3$)", re.MULTILINE)


@nox.session
def everything(session: nox.Session) -> None:
    """All sessions that check something, each in a line (``-- lint tests`` for some); fails if one is broken."""
    logs = ROOT / ".dotbench" / "everything"
    logs.mkdir(parents=True, exist_ok=True)
    if unknown := set(session.posargs) - set(CHECKS):
        session.error(f"no check: {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
    verdicts = {name: verdict(name, logs / f"{name}.log") for name in session.posargs or CHECKS}
    print("not run, for they measure or write: small, full, peers, breakeven, paper, docs")
    if broken := [name for name, word in verdicts.items() if word == "failed"]:
        session.error(f"{len(broken)} of {len(verdicts)} failed: {', '.join(broken)}; their words are in {logs}")


def verdict(name: str, log: Path) -> str:
    """Runs a session, prints its line, and says ok, failed, or that this machine is not good enough for it."""
    start = time.monotonic()
    nox_itself = (sys.executable, "-m", "nox", "--non-interactive", "-f", str(ROOT / "noxfile.py"))
    with log.open("w") as file:
        words = [*nox_itself, "-s", name, "--", *CHECKS[name]]
        done = subprocess.run(words, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    said = log.read_text(errors="replace")
    judged = name in JUDGES and NOT_GOOD_ENOUGH.search(said) and not BROKEN.search(said)
    word = "not good enough here" if judged else "failed" if done.returncode else "ok"
    print(f"{name:10} {word:20} {time.monotonic() - start:6.0f} s", flush=True)
    return word
