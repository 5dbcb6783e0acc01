# Sourced by the scripts. The caller has set `root`, the checkout.
#
# `prepare KIND` finds a Python, makes the environment of requirements/KIND.txt (or takes the ready one) and sets
#   PYTHON  the interpreter of that environment
#   STATE   the directory of environments and of every tool's cache
#   DATA    the directory of the database
# Only sh is certain to be there, so it finds the Python. environment.py does the rest.

# Settings for another Python must not affect this one. Text is UTF-8 under every locale.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE
PYTHONUTF8=1
PYTHONSAFEPATH=1
export PYTHONUTF8 PYTHONSAFEPATH

fail() {
    printf '%s\n' "$1" >&2
    exit 2
}

suits() {
    "$1" -I -B -c '
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit(1)
import fcntl, importlib.util, sqlite3, ssl, venv, zlib
sys.exit(not (importlib.util.find_spec("ensurepip") or importlib.util.find_spec("pip")))
' </dev/null >/dev/null 2>&1
}

find_python() {
    needs='a working Python 3.11 to 3.14 with its ssl, sqlite3 and venv modules'
    if [ -n "${PYTHON:-}" ]; then
        suits "$PYTHON" || fail "PYTHON=$PYTHON is not $needs: set PYTHON to one that is, or unset it to have one looked for."
        return
    fi
    home=${HOME:-/nonexistent}
    for PYTHON in python3 python3.14 python3.13 python3.12 python3.11 python \
        "${PYENV_ROOT:-$home/.pyenv}"/versions/3.1[1-4].*/bin/python3 "$home"/.local/share/uv/python/cpython-3.1[1-4].*/bin/python3; do
        suits "$PYTHON" && return
    done
    fail "No${needs#a working} was found: install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or set PYTHON to its path."
}

prepare() {
    find_python
    facts=$("$PYTHON" -I -B -X utf8 "$root/scripts/lib/environment.py" "$1") || exit $?
    eval "$facts"
    PYTHONPATH=$root/src
    # Caches stand beside the environments, so that a read-only checkout works and a writable one stays clean.
    PYTHONPYCACHEPREFIX=$STATE/cache/bytecode
    MYPY_CACHE_DIR=$STATE/cache/mypy
    RUFF_CACHE_DIR=$STATE/cache/ruff
    HYPOTHESIS_STORAGE_DIRECTORY=$STATE/cache/hypothesis
    export PYTHONPATH PYTHONPYCACHEPREFIX MYPY_CACHE_DIR RUFF_CACHE_DIR HYPOTHESIS_STORAGE_DIRECTORY
    unset PYTHONDONTWRITEBYTECODE
}
