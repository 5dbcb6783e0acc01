# Sourced by the scripts. The caller has set `root`, the checkout.
#
# `prepare KIND` finds a Python, makes the environment of requirements/KIND.txt (or takes the ready one) and sets
#   PYTHON  the interpreter of that environment
#   STATE   where environments and every tool's cache are kept
#   DATA    where the database is kept
# The finding is done here, because nothing but sh is known to be there; the making is in environment.py.

# What the user set for another Python must not leak into ours. Text is UTF-8 under every locale.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE
PYTHONUTF8=1
PYTHONSAFEPATH=1
export PYTHONUTF8 PYTHONSAFEPATH

fail() {
    printf '%s\n' "$1" >&2
    exit 2
}

# Status 0: suits. 3: suits, but brings no pip, so that another one is better. Anything else: does not suit.
probe() {
    "$1" -I -B -c '
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit(4)
import fcntl, importlib.util, sqlite3, ssl, venv, zlib
sys.exit(0 if importlib.util.find_spec("pip") or importlib.util.find_spec("ensurepip") else 3)
' </dev/null >/dev/null 2>&1
}

# Takes the first candidate that suits and has pip; else the first that suits.
consider() {
    command -v "$1" >/dev/null 2>&1 || return 1
    probe "$1" && found=$1 && return 0
    [ $? -eq 3 ] && [ -z "$second" ] && second=$1
    return 1
}

find_python() {
    found='' second=''
    if [ -n "${PYTHON:-}" ]; then
        consider "$PYTHON" || [ -n "$second" ] ||
            fail "PYTHON=$PYTHON is not a working Python 3.11 to 3.14 with its ssl, sqlite3 and venv modules: set PYTHON to one that is, or unset it to have one looked for."
        found=${found:-$second}
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        consider "$name" && return
    done
    pyenv=${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}
    uv=${HOME:-/nonexistent}/.local/share/uv/python
    for minor in 14 13 12 11; do
        for path in "$pyenv/versions/3.$minor".*/bin/python3 "$uv/cpython-3.$minor".*/bin/python3; do
            consider "$path" && return
        done
    done
    found=$second
    [ -n "$found" ] ||
        fail "No Python 3.11 to 3.14 with its ssl, sqlite3 and venv modules was found: install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or set PYTHON to its path."
}

prepare() {
    find_python
    facts=$("$found" -I -B -X utf8 "$root/scripts/lib/environment.py" "$1") || exit $?
    eval "$facts"
    PYTHONPATH=$root/src
    # Caches live beside the environments, so that a read-only checkout works and a writable one stays clean.
    PYTHONPYCACHEPREFIX=$STATE/cache/bytecode
    MYPY_CACHE_DIR=$STATE/cache/mypy
    RUFF_CACHE_DIR=$STATE/cache/ruff
    HYPOTHESIS_STORAGE_DIRECTORY=$STATE/cache/hypothesis
    export PYTHONPATH PYTHONPYCACHEPREFIX MYPY_CACHE_DIR RUFF_CACHE_DIR HYPOTHESIS_STORAGE_DIRECTORY
    unset PYTHONDONTWRITEBYTECODE
}
