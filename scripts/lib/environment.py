"""
Make the environment that a script runs in, and say where it and the data are.

    eval "$(python3 scripts/lib/environment.py run)"

prints `PYTHON=…`, `STATE=…` and, to run, `DATA=…`, quoted for sh. The argument names a file in requirements/: `run`, `dev`.
A ready environment costs a tenth of a second; a missing, half-made, damaged or outdated one is made anew, under a lock.
Needs the standard library only. Whatever is missing ends in one sentence with its remedy and exit status 2.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PIP_WITH_PYTHON_OPTION = (22, 3)  # the first pip that installs into another interpreter's environment
STAMP = "finished.json"  # in an environment, written last: its files and their sizes
SHORT = 12  # hex digits of a digest in a file name: 48 bits tell a handful of environments apart
LOG_LINES = 12  # of the installer's output, shown when the reason is not one we know

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
NO_ENTRY = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST}

# What pip writes (pip 22.3 to 26) and what it means to the person at the keyboard, first match wins.
REASONS = (
    (r"No space left on device|Disk quota exceeded", "no room"),
    (r"DO NOT MATCH THE HASHES", "wrong hash"),
    (r"SSLError|CERTIFICATE_VERIFY_FAILED", "no trust"),
    (r"NewConnectionError|Connection(?:Error| refused| broken)|NameResolutionError|timed out|ProxyError", "no network"),
    (r"Could not find a version|No matching distribution", "no package"),
)
REMEDIES = {
    "no room": "The disk of {state} is full: free about 500 MB, or set XDG_CACHE_HOME to a directory on another disk.",
    "wrong hash": "A package differs from the one that requirements/ records: do not use it, and tell the maintainers; "
    "see {log}.",
    "no trust": "The package index was reached but its certificate is not trusted here: "
    "set PIP_CERT to the file of your certificate authority.",
    "no network": "The package index cannot be reached: connect this machine to the network, "
    "or set PIP_INDEX_URL or PIP_FIND_LINKS to a mirror you can reach.",
    "no package": "A package has no ready-made build for Python {python} on {machine}, or no package index can be "
    "reached: connect to the network, or set PYTHON to another Python from 3.11 to 3.14; see {log}.",
}


class UnreadyError(Exception):
    """The environment cannot be made; the message is one sentence with its remedy."""


def usable(directory: Path) -> bool:
    """Make a directory and say whether files can be written in it; a full disk is an error, not a no."""
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(b"x")
    except OSError as error:
        if error.errno in NO_ENTRY:
            return False
        raise
    return True


def find_state(root: Path, environ: Mapping[str, str]) -> Path:
    """Find the place of what can be made again: in the checkout; where that is read-only in the cache, then TMPDIR."""
    name = Path("ingest", digest(os.fsencode(root))[:SHORT])
    return first_usable(candidates(root / ".ingest", environ, ("XDG_CACHE_HOME", ".cache"), name))


def find_store(root: Path, environ: Mapping[str, str]) -> Path:
    """Find the place of what the user collects, in the same order."""
    return first_usable(candidates(root / "data", environ, ("XDG_DATA_HOME", ".local/share"), Path("ingest")))


def candidates(first: Path, environ: Mapping[str, str], xdg: tuple[str, str], name: Path) -> Iterator[Path]:
    """Name the places for one purpose, best first: the second is of the XDG Base Directory Specification."""
    yield first
    variable, default = xdg
    if environ.get(variable):
        yield Path(environ[variable]) / name
    elif environ.get("HOME"):
        yield Path(environ["HOME"], default) / name
    directory = Path(environ.get("TMPDIR") or "/tmp", f"ingest-{os.getuid()}")  # noqa: S108 - see `is_private`
    if is_private(directory):
        yield directory / name


def is_private(directory: Path) -> bool:
    """Make a directory that only we can write in; say no where somebody else was there first, as anybody can in /tmp."""
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
    except OSError as error:
        if error.errno in NO_ENTRY:
            return False
        raise
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def first_usable(directories: Iterator[Path]) -> Path:
    """Take the first directory that can be written."""
    tried = []
    for directory in directories:
        if usable(directory):
            return directory
        tried.append(str(directory))
    raise UnreadyError(
        f"None of {', '.join(tried)} can be written: make one writable, or set TMPDIR to a place that is."
    )


def digest(*parts: bytes) -> str:
    """Hash byte strings, their borders included: sha256 in hex."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def inventory(environment: Path) -> dict[str, int]:
    """List the files of an environment with their sizes in bytes, compiled bytecode aside."""
    return {
        os.path.relpath(path, environment): os.stat(path).st_size  # noqa: PTH116 - twice as fast on 5,000 files
        for folder, _, names in os.walk(environment)
        if not folder.endswith("__pycache__")
        for path in (os.path.join(folder, name) for name in names)  # noqa: PTH118 - same
    }


def is_whole(environment: Path) -> bool:
    """Say whether an environment was finished and has lost nothing since; a user's additions are welcome."""
    try:
        files: dict[str, int] = json.loads((environment / STAMP).read_bytes())
        return all(os.stat(environment / name).st_size == size for name, size in files.items())  # noqa: PTH116 - same
    except (OSError, ValueError):
        return False


def write_stamp(environment: Path) -> None:
    """Declare an environment finished: atomically, and as the last step."""
    draft = environment / f"{STAMP}.new"
    draft.write_text(json.dumps(inventory(environment)))
    draft.replace(environment / STAMP)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel gives back when we and every pip we started are gone; wait for another's, and say so."""
    with path.open("w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the function takes no keywords
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(sentence: str) -> None:
    """Tell the person, on standard error."""
    print(sentence, file=sys.stderr, flush=True)


class Installer:
    """Runs pip for one environment, quietly; its output goes to `log`."""

    def __init__(self, environment: Path, log: Path) -> None:
        self.environment = environment
        self.python = environment / "bin" / "python"
        self.log = log
        settings = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_NO_INPUT": "1"}
        foreign = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "VIRTUAL_ENV"}
        quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self.environ = {k: v for k, v in os.environ.items() if k not in foreign} | settings | quiet

    def run(self, *command: str | Path) -> bool:
        """Run a command, its output appended to the log; say whether it went well."""
        with self.log.open("ab") as log:
            return not subprocess.run(  # noqa: S603 - fixed commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environ,
                close_fds=False,  # the lock is theirs, too: see `locked`
                check=False,
            ).returncode

    def pip(self) -> list[str | Path]:
        """Find a pip: the host's, the one that Python carries, another on PATH, virtualenv's; Debian may have none."""
        for host in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
            if pip_version(host) >= PIP_WITH_PYTHON_OPTION:
                return [*host, "--python", self.python]
        if importlib.util.find_spec("ensurepip") and self.run(self.python, "-m", "ensurepip", "--default-pip"):
            return [self.python, "-m", "pip"]
        virtualenv = shutil.which("virtualenv")
        if virtualenv and self.run(virtualenv, "--python", sys.executable, self.environment):
            return [self.python, "-m", "pip"]
        raise UnreadyError(
            f"{sys.executable} has no pip, and none is on PATH: install it (Debian, Ubuntu: apt install python3-venv), "
            "or set PYTHON to a Python that has one."
        )

    def install(self, requirements: Path) -> None:
        """Install pinned packages, ready-made ones only, so that no compiler is needed; explain a failure."""
        options = ("--require-hashes", "--only-binary", ":all:", "--no-compile", "--retries", "2")
        if not self.run(*self.pip(), "install", *options, "-r", requirements):
            raise UnreadyError(explain(self.log))
        self.run(self.python, "-m", "compileall", "-q", "-j", "0", self.environment / "lib")  # pip does it on one core


def pip_version(command: list[str]) -> tuple[int, ...]:
    """Ask a pip for its version, (0,) when there is none."""
    try:
        answer = subprocess.run(  # noqa: S603 - fixed commands
            [*command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return (0,)
    version = re.match(r"pip (\d+)\.(\d+)", answer)
    return tuple(map(int, version.groups())) if version else (0,)


def explain(log: Path) -> str:
    """Turn the output of a failed installation into one sentence with its remedy, or show its end."""
    text = log.read_text(errors="replace")
    for pattern, reason in REASONS:
        if re.search(pattern, text):
            facts = {"python": platform.python_version(), "machine": platform.machine()}
            return REMEDIES[reason].format(state=log.parent, log=log, **facts)
    end = "\n".join(f"  {line}" for line in text.splitlines()[-LOG_LINES:])
    return f"The packages could not be installed; {log} says why, it ends:\n{end}"


def prepare(root: Path, kind: str, state: Path) -> Path:
    """
    Give the environment of requirements/KIND.txt, made only where needed.

    It is never changed for other requirements: those get one of their own, and what runs keeps running. The checkout is
    not installed in it but put on PYTHONPATH: an editable install is a .pth file, and Python 3.11 and 3.12 die on one
    that holds a Japanese path under LC_ALL=C.
    """
    requirements = root / "requirements" / f"{kind}.txt"
    host = f"{sys.version}|{platform.machine()}|{sys.base_prefix}"
    key = digest(requirements.read_bytes(), host.encode(), os.fsencode(state))[:SHORT]
    environment = state / f"{kind}-py{sys.version_info.major}{sys.version_info.minor}-{key}"
    if not is_whole(environment):
        with locked(environment.with_suffix(".lock")):
            if not is_whole(environment):
                make(environment, requirements)
    return environment


def make(environment: Path, requirements: Path) -> None:
    """Make an environment from nothing, with every package at its pinned version and hash."""
    say(f"Setting up {environment} (the first time only, about half a minute) …")
    shutil.rmtree(environment, ignore_errors=True)
    log = environment.with_suffix(".log")
    log.unlink(missing_ok=True)
    venv.EnvBuilder(symlinks=True).create(environment)
    Installer(environment, log).install(requirements)
    write_stamp(environment)


def main(kind: str) -> int:
    """Prepare, print the facts for sh and give the exit status."""
    root = Path(__file__).resolve().parents[2]
    try:
        state = find_state(root, os.environ)
        facts = {"PYTHON": prepare(root, kind, state) / "bin" / "python", "STATE": state}
        if kind == "run":
            facts["DATA"] = find_store(root, os.environ)
    except UnreadyError as error:
        say(str(error))
        return 2
    except OSError as error:
        full = error.errno in NO_ROOM
        remedy = "free about 500 MB there" if full else "check that you own it and that it can be written"
        say(f"{error.filename or 'The environment'}: {error.strerror}; {remedy}, then run this again.")
        return 2
    except KeyboardInterrupt:
        say("Interrupted; the next run starts over.")
        return 130
    print("\n".join(f"{name}={shlex.quote(str(path))}" for name, path in facts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
