"""What a document may do to its parser, as work for the jail: functions of a module, so that their names can be sent."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.errors import ParseError
from ingest.model import Capture, Document, Source
from ingest.parse import parse


def crash(_capture: Capture, _source: Source) -> Document:
    ctypes.string_at(0)
    raise AssertionError("not reached")


def stop(_capture: Capture, _source: Source) -> Document:
    os.kill(os.getpid(), signal.SIGSTOP)
    raise AssertionError("not reached")


def be_killed(_capture: Capture, _source: Source) -> Document:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("not reached")


def compute(_capture: Capture, _source: Source) -> Document:
    while True:
        pass


def compute_in_c(_capture: Capture, _source: Source) -> Document:
    return Document("", str(pow(3, 1 << 40, 1 << (1 << 24))), None, None, ())


def sleep(_capture: Capture, _source: Source) -> Document:
    time.sleep(3600)
    raise AssertionError("not reached")


def eat(_capture: Capture, _source: Source) -> Document:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def fail(_capture: Capture, _source: Source) -> Document:
    raise ZeroDivisionError("of the parser's")


def refuse(_capture: Capture, _source: Source) -> Document:
    raise ParseError("It is a web page.", rule="html")


def exit_early(_capture: Capture, _source: Source) -> Document:
    os._exit(0)


def print_much(capture: Capture, source: Source) -> Document:
    os.write(1, b"what a library prints")
    return parse(capture, source)


def write_a_file(capture: Capture, source: Source) -> Document:
    Path(capture.content.decode()).write_text("x" * 10)
    return parse(capture, source)


def print_environment(capture: Capture, source: Source) -> Document:
    result = parse(capture, source)
    return replace(result, title=",".join(sorted(os.environ)))


class _Exploit:
    def __reduce__(self) -> Any:
        return os.system, ("true",)


def answer_with_code(capture: Capture, source: Source) -> Document:
    return replace(parse(capture, source), title=_Exploit())  # type: ignore[arg-type]


def answer_without_end(capture: Capture, source: Source) -> Document:
    return replace(parse(capture, source), title="x" * (3 << 20), link="y" * (3 << 20))
