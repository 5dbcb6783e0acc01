from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import environment

ROOT = Path(__file__).parents[1]
SH = shutil.which("dash") or "/bin/sh"
PYTHON = str(Path(sys.executable).resolve())  # not the tests' environment: that one has no pip
SETTING_UP = {"PATH": os.environ["PATH"], "PYTHON": PYTHON}
SCRIPTS = [
    *sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file()),
    ROOT / "scripts/lib/environment.sh",
    ROOT / ".ci/run",
]


def sh(*command: str | Path, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SH, *command],
        env={"PATH": "", "LC_ALL": "C", **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with Japanese letters and a space with an `ingest` that needs no package and prints its arguments."""
    root = tmp_path / "公式 発表"
    (root / "requirements").mkdir(parents=True)
    (root / "src/ingest").mkdir(parents=True)
    shutil.copytree(ROOT / "scripts", root / "scripts")
    (root / "requirements/run.txt").write_text("")
    (root / "src/ingest/__main__.py").write_text(
        "import json, os, sys\n"
        "print(json.dumps([sys.argv[1:], os.environ['INGEST_SOURCES'], os.environ['INGEST_DATABASE_URL']]))\n"
    )
    return root


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_posix_sh(script: Path) -> None:
    assert sh("-n", script).stderr == ""
    assert script.name == "environment.sh" or (
        script.read_text().startswith("#!/bin/sh\n") and os.access(script, os.X_OK)
    )


def test_without_a_python_the_remedy_is_one_sentence(tmp_path: Path) -> None:
    ended = sh(ROOT / "scripts/run", environ={"HOME": str(tmp_path)})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("No Python 3.11 to 3.14 ")
    assert ended.stderr.count("\n") == 1


def test_without_a_home_a_python_is_searched_for_all_the_same() -> None:
    assert sh(ROOT / "scripts/run").stderr.startswith("No Python 3.11 to 3.14 ")


def test_an_unsuitable_python_that_was_asked_for_is_named(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 4\n")
    old.chmod(0o755)
    ended = sh(ROOT / "scripts/test", environ={"PATH": str(Path(PYTHON).parent), "PYTHON": str(old)})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"PYTHON={old} is not a working Python 3.11 to 3.14 ")


def test_run_sets_up_in_the_checkout_and_passes_a_command_on(checkout: Path) -> None:
    first = sh(checkout / "scripts/run", "headlines", "--limit", "1 2", environ=SETTING_UP)
    arguments, sources, database = json.loads(first.stdout)
    assert arguments == ["headlines", "--limit", "1 2"]
    assert sources == f"{checkout}/sources.yaml"
    assert database == f"sqlite:///{checkout}/data/ingest.db"
    assert first.stderr.startswith("Setting up ")

    again = sh(checkout / "scripts/run", environ=SETTING_UP | {"INGEST_DATABASE_URL": "sqlite:///mine.db"})
    assert json.loads(again.stdout)[0][0] == "run"
    assert json.loads(again.stdout)[2] == "sqlite:///mine.db"
    assert again.stderr == ""


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ({"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, "The package index cannot be reached: connect this machine"),
        ({"PIP_NO_INDEX": "1"}, "or no package index can be reached: connect to the network"),
    ],
    ids=["refused", "no index"],
)
def test_without_packages_the_remedy_is_one_sentence(checkout: Path, setting: dict[str, str], remedy: str) -> None:
    (checkout / "requirements/run.txt").write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    outside = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    ended = sh(checkout / "scripts/run", environ=SETTING_UP | outside | setting)
    assert ended.returncode == 2
    assert remedy in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "is full: free about 500 MB"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "do not use it"),
        ("WARNING: SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "set PIP_CERT"),
        ("ReadTimeoutError: Read timed out.", "The package index cannot be reached"),
        ("ERROR: No matching distribution found for ada-url==4.0.0", "no ready-made build for Python"),
        ("Segmentation fault", "  Segmentation fault"),
    ],
)
def test_what_pip_says_becomes_a_remedy(tmp_path: Path, output: str, remedy: str) -> None:
    log = tmp_path / "run.log"
    log.write_text(f"Collecting ada-url\n{output}\n")
    assert remedy in environment.explain(log)


def test_a_read_only_checkout_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    root.write_text("a file, because root may write in every directory")
    xdg = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_DATA_HOME": str(tmp_path / "share")}
    state = environment.find_state(root, {"HOME": "/nowhere", **xdg})
    assert state.parent == tmp_path / "cache/ingest"
    assert environment.find_state(tmp_path / "other", xdg) != state
    assert environment.find_store(root, xdg) == tmp_path / "share/ingest"
    assert environment.find_store(root, {"HOME": str(tmp_path)}) == tmp_path / ".local/share/ingest"
    assert environment.find_store(root, {"TMPDIR": str(tmp_path)}) == tmp_path / f"ingest-{os.getuid()}/ingest"


def test_a_temporary_directory_that_others_can_write_in_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    root.write_text("")
    trap = tmp_path / f"ingest-{os.getuid()}"
    trap.mkdir()
    trap.chmod(0o777)
    with pytest.raises(environment.UnreadyError, match=r"^None of .* can be written: .* set TMPDIR"):
        environment.find_state(root, {"TMPDIR": str(tmp_path)})


def test_a_half_made_or_damaged_environment_is_noticed_and_an_addition_is_welcome(tmp_path: Path) -> None:
    module = tmp_path / "lib" / "module.py"
    module.parent.mkdir()
    module.write_text("x = 1\n")
    assert not environment.is_whole(tmp_path)
    environment.write_stamp(tmp_path)
    (tmp_path / "lib" / "added.py").write_text("")
    assert environment.is_whole(tmp_path)
    module.write_text("")
    assert not environment.is_whole(tmp_path)
    module.unlink()
    assert not environment.is_whole(tmp_path)


def test_a_second_set_up_waits_for_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lock"
    entered = threading.Event()

    def second() -> None:
        with environment.locked(path):
            entered.set()

    with path.open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.1)
    thread.join(10)
    assert entered.is_set()
    assert capsys.readouterr().err == "Another set-up is running; waiting for it …\n"


def test_a_run_of_the_tests_closes_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = long\n")
    (tmp_path / "test_it.py").write_text(
        "import pytest, os\n"
        "def test_passes(): assert 'INGEST_DATABASE_URL' not in os.environ\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_skips(n): pytest.skip('no corpus here')\n"
        "@pytest.mark.long\n"
        "def test_soaks(): pass\n"
        "@pytest.fixture\n"
        "def broken(): raise OSError\n"
        "def test_breaks(broken): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n1", "-p", "no:cacheprovider", str(tmp_path)]
    outside = {"PYTHONPATH": str(ROOT / "tests"), "INGEST_DATABASE_URL": "sqlite:///elsewhere.db"}
    ended = subprocess.run(command, env={**os.environ, **outside}, capture_output=True, text=True, check=False)
    last, summary = ended.stdout.splitlines()[-1], ended.stdout.splitlines()[-2]
    assert last == "1 passed, 1 failed, 3 skipped (longer runs: --long; 2 × no corpus here)"
    assert "1 passed, 3 skipped, 1 error in " in summary
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
