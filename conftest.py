"""What holds for every test run, wherever it is started: see tests/support/closing.py."""

from __future__ import annotations

pytest_plugins = ["support.closing"]
