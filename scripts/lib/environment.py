"""
Make the Python environment of a script, and print where it is.

    eval "$(python3 scripts/lib/environment.py run)"

prints `PYTHON=…`, `STATE=…` and, for `run`, `DATA=…`, quoted for sh. The argument names a file in requirements/: `run` or
`dev`. A ready environment costs a tenth of a second. A missing, unfinished or damaged one is made anew under a lock. Needs the
standard library only. A failure is one sentence with its remedy and exit status 2.
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
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

STAMP = "finished.json"  # the last file of an environment: the sizes of all others
FULL = {errno.ENOSPC, errno.EDQUOT}
PIP = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
FOREIGN = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "VIRTUAL_ENV"}  # settings that lead pip elsewhere

REMEDIES = {  # by the output of pip 22.3 to 26, the first match wins
    r"No space left on device|Disk quota exceeded": "The disk of {state} is full: free about 500 MB, or set XDG_CACHE_HOME "
    "to a directory on another disk.",
    r"DO NOT MATCH THE HASHES": "A package differs from the one that requirements/ records: do not use it, and tell the "
    "maintainers; see {log}.",
    r"SSLError|CERTIFICATE_VERIFY_FAILED": "The certificate of the package index is not trusted here: set PIP_CERT to the "
    "file of your certificate authority.",
    r"NewConnectionError|Connection(?:Error| refused| broken)|NameResolutionError|timed out|ProxyError": "The package index "
    "cannot be reached: connect this machine to the network, or set PIP_INDEX_URL or PIP_FIND_LINKS to a mirror you can reach.",
    r"Could not find a version|No matching distribution": "A package has no ready-made build for Python {python} on "
    "{machine}, or no package index can be reached: connect to the network, or set PYTHON to another Python from 3.11 to "
    "3.14; see {log}.",
}


class UnreadyError(Exception):
    """The environment cannot be made. The message is one sentence with its remedy."""


def find_state(root: Path, environ: Mapping[str, str]) -> Path:
    """Return the directory of environments and caches."""
    return first_usable(root / ".ingest", environ, "XDG_CACHE_HOME", ".cache", f"ingest/{digest(root)}")


def find_store(root: Path, environ: Mapping[str, str]) -> Path:
    """Return the directory of the database."""
    return first_usable(root / "data", environ, "XDG_DATA_HOME", ".local/share", "ingest")


def first_usable(first: Path, environ: Mapping[str, str], variable: str, default: str, name: str) -> Path:
    """Return the first writable directory: in the checkout, in the user's XDG directory, in a private one of TMPDIR."""
    xdg = environ.get(variable) or (environ.get("HOME") and f"{environ['HOME']}/{default}")
    tried = [first, *([Path(xdg, name)] if xdg else [])]
    for directory in tried:
        if is_usable(directory):
            return directory
    private = Path(environ.get("TMPDIR") or "/tmp", f"ingest-{os.getuid()}")  # noqa: S108 - see `is_private`
    if is_private(private) and is_usable(private / name):
        return private / name
    names = ", ".join(map(str, [*tried, private]))
    raise UnreadyError(f"None of {names} can be written: make one writable, or set TMPDIR to a writable place.")


def is_usable(directory: Path, mode: int = 0o755) -> bool:
    """Make a directory and return whether files can be written in it. A full disk is an error."""
    try:
        directory.mkdir(mode, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(b"x")
    except OSError as error:
        if error.errno in FULL:
            raise
        return False
    return True


def is_private(directory: Path) -> bool:
    """Make a directory and return whether only this user can write in it. In /tmp, anybody may have made it first."""
    if not is_usable(directory, 0o700):
        return False
    status = directory.lstat()
    return not directory.is_symlink() and status.st_uid == os.getuid() and not status.st_mode & 0o022


def digest(*parts: object) -> str:
    """Return 48 bits of a hash in hex, enough for a handful of environments."""
    return hashlib.sha256("\0".join(map(str, parts)).encode(errors="surrogateescape")).hexdigest()[:12]


def is_whole(environment: Path) -> bool:
    """Whether an environment was finished and has lost nothing since. A user's additions are allowed."""
    try:
        files: dict[str, int] = json.loads((environment / STAMP).read_bytes())
        return all(os.stat(environment / name).st_size == size for name, size in files.items())  # noqa: PTH116 - twice as fast
    except (OSError, ValueError):
        return False


def write_stamp(environment: Path) -> None:
    """Record the sizes of all files but bytecode, atomically."""
    files = (path for path in environment.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    draft = environment / f"{STAMP}.new"
    draft.write_text(json.dumps({str(path.relative_to(environment)): path.stat().st_size for path in files}))
    draft.replace(environment / STAMP)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock until this process and its pip are gone. Wait for another holder, and say so."""
    with path.open("w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the function takes no keywords
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(sentence: str) -> None:
    """Print a sentence on standard error."""
    print(sentence, file=sys.stderr, flush=True)


def make(environment: Path, requirements: Path) -> None:
    """Make an environment with every package at its pinned version and hash. Nothing is compiled from source."""
    say(f"Setting up {environment} (the first time only, about half a minute) …")
    shutil.rmtree(environment, ignore_errors=True)
    python, log = str(environment / "bin" / "python"), environment.with_suffix(".log")
    venv.create(environment, symlinks=True)
    install = ["install", "--require-hashes", "--only-binary", ":all:", "--retries", "2", "-r", str(requirements)]
    if importlib.util.find_spec("ensurepip"):
        commands = [[python, "-m", "ensurepip"], [python, "-m", "pip", *install]]
    else:  # Debian has it in a package of its own
        commands = [[sys.executable, "-m", "pip", "--python", python, *install]]
    settings = {name: value for name, value in os.environ.items() if name not in FOREIGN} | PIP
    with log.open("wb") as output:
        for command in commands:  # they inherit the lock, see `locked`
            if subprocess.call(  # noqa: S603 - fixed commands
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=settings, close_fds=False
            ):
                raise UnreadyError(explain(log))
    write_stamp(environment)


def explain(log: Path) -> str:
    """Return the remedy for a failed installation, or the end of its output."""
    text = log.read_text(errors="replace")
    facts = {"state": log.parent, "log": log, "python": platform.python_version(), "machine": platform.machine()}
    for pattern, remedy in REMEDIES.items():
        if re.search(pattern, text):
            return remedy.format(**facts)
    end = "\n".join(f"  {line}" for line in text.splitlines()[-12:])
    return f"The packages could not be installed; {log} says why, it ends:\n{end}"


def prepare(root: Path, kind: str, state: Path) -> Path:
    """
    Return the environment of requirements/KIND.txt, made if needed. Other requirements get one of their own.

    The checkout is on PYTHONPATH and not installed. An editable install is a .pth file, and Python 3.11 and 3.12 die on one with
    a Japanese path under LC_ALL=C.
    """
    requirements = root / "requirements" / f"{kind}.txt"
    key = digest(requirements.read_text(), sys.version, platform.machine(), sys.base_prefix, state)
    environment = state / f"{kind}-py{sys.version_info.major}{sys.version_info.minor}-{key}"
    if not is_whole(environment):
        with locked(environment.with_suffix(".lock")):
            if not is_whole(environment):
                make(environment, requirements)
    return environment


def main(kind: str) -> int:
    """Prepare the environment, print assignments for sh, and return the exit status."""
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
        remedy = (
            "free about 500 MB there" if error.errno in FULL else "check that you own it and that it can be written"
        )
        say(f"{error.filename or 'The environment'}: {error.strerror}; {remedy}, then run this again.")
        return 2
    except KeyboardInterrupt:
        say("Interrupted; the next run starts over.")
        return 130
    print("\n".join(f"{name}={shlex.quote(str(path))}" for name, path in facts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
