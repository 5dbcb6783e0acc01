"""What holds for every test run, wherever it is started: see tests/support/run.py."""

from __future__ import annotations

pytest_plugins = ["support.run"]
