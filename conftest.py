"""What holds for every test run, wherever it is started: see tests/closing.py."""

from __future__ import annotations

pytest_plugins = ["closing"]
