from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ingest
from load.daemon import HOLDINGS

# Threads read large documents, each of which leaves something small behind it; the first teaches glibc to keep such places.
PROGRAM = """
import threading
from ingest.cli import memory
from load.daemon import held

def read():
    for _ in range(2):
        large = []
        for _ in range(10):
            large.append(b"x" * 1_000_000)
            left.append(bytearray(2_000))

memory.give_back()
left = []
before = held().memory
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(held().memory - before)
"""


@pytest.mark.skipif(not HOLDINGS.exists(), reason="what a process holds is read from /proc, which only Linux has")
def test_memory_of_large_documents_is_given_back() -> None:
    paths = [str(Path(ingest.__file__).parents[1]), str(Path(__file__).parents[1])]
    program = f"import sys; sys.path[:0] = {paths}\n{PROGRAM}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, encoding="utf-8")
    assert float(done.stdout) < 5
