"""
Parse risky documents in a separate process with a strict budget of time and memory.

A quick check of the text decides, in a hundredth of the parsing time. A small and flat document with few tags is parsed in
this process: the worst known case takes 1.5 s. Any other document goes to a fresh interpreter. It gets the bytes but no
environment and no open files. The kernel limits its CPU time and memory, and it is killed at a deadline. It is started by
`exec` and not by `fork`, because the daemon has threads. It reads one document only, so that nothing is left behind for the
next one, and without risky documents there is no cost.

    over-budget     the document needed more than the budget of time or memory
    parser-crash    the process ended without a result (a bug in the parser's C code, or a signal from outside)

The result of the child is read as plain values. A compromised parser can return false values for its own document, but it
cannot do anything else.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import IO, Any, Final, TypeVar

from ingest import model
from ingest import parse as parsing
from ingest.errors import ParseError
from ingest.model import Article, Capture, Document, Kind, Source
from ingest.parse.markup import decoding
from ingest.parse.markup.cost import LONGEST, risk
from ingest.parse.markup.decoding import Decoded

# ── budget ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Budget:
    """
    The limits for one document: CPU seconds, elapsed seconds and bytes of memory.

    Measured: the densest 20 MiB (the cap of a fetch) take 40 s of CPU and 400 MB, and 7 MB with 100,000 entries take 6 s and
    130 MB. Real announcements are never that large.
    """

    cpu_s: int = 10
    wall_s: float = 30.0
    memory: int = 1 << 30


BUDGET: Final = Budget()


def parse(capture: Capture, source: Source, budget: Budget = BUDGET) -> Document:
    """
    Read a capture with `ingest.parse.parse`, in this process or in a limited one. Any thread may call it.

    Raises:
        ParseError: As in `ingest.parse`, or with rule `over-budget` or `parser-crash`. No bytes can cause another error.
    """
    decoded = harmless(capture, source)
    if decoded is not None:
        return parsing.parse_decoded(decoded, capture.final_url, source)
    return confined(parsing.parse, Document, capture, source, budget)


def harmless(capture: Capture, source: Source) -> Decoded | None:
    """Return a document as text, or None where only a limited process should read it."""
    decoded = _decoded(capture)
    return decoded if decoded is not None and risk(decoded.text, source.kind) is None else None


def read_article(capture: Capture, source: Source, budget: Budget = BUDGET) -> Article:
    """
    Read the page of an announcement with `ingest.parse.parse_page`, in this process or in a limited one.

    Raises:
        ParseError: As `parse`.
    """
    decoded = _decoded(capture)
    if decoded is not None and risk(decoded.text, Kind.PAGE) is None:
        return parsing.parse_decoded_page(decoded, capture.final_url, source)
    return confined(parsing.parse_page, Article, capture, source, budget)


def _decoded(capture: Capture) -> Decoded | None:
    """Decode a document, or return None for a gzip file that is damaged, large or in parts."""
    try:
        decoded = decoding.read(capture.content, capture.content_type, limit=LONGEST, single=True)
    except ParseError:
        return None
    return None if decoded.packing else decoded


# ── the parent process ──────────────────────────────────────────────────────────────────────────────────────────

_Result = TypeVar("_Result", Document, Article)

_START: Final = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from ingest import jail; jail.serve()"
_KEPT: Final = frozenset({"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})  # needed by some interpreters to start
_CHUNK: Final = 1 << 16  # bytes, the size of a pipe
_NO_MEMORY: Final = 71  # our own exit status

_TOO_MUCH: Final = "was stopped: reading it needs more than {}; look at it, and disable the source if it stays so."


def confined(
    work: Callable[[Capture, Source], _Result],
    kind: type[_Result],
    capture: Capture,
    source: Source,
    budget: Budget = BUDGET,
) -> _Result:
    """
    Run a function on a document in a process limited by a budget.

    Args:
        work: A module-level function. Only its name is sent.
        kind: The type of its result.

    Raises:
        ParseError: From the function, or with rule `over-budget` or `parser-crash`.
    """
    request = pickle.dumps(sys.path) + pickle.dumps((work, capture, source, budget))
    late = threading.Event()
    try:
        status, answer = _run(request, budget, late)
    except (OSError, RuntimeError) as error:  # no process or no thread is available
        message = f"The process that reads risky documents cannot be started ({error}); it is tried again next time."
        raise ParseError(message, rule="parser-crash", subject=source.id) from error
    if status == 0 and not late.is_set():
        return _result(answer, kind, source)
    rule, message = _end(status, budget, late=late.is_set())
    raise ParseError(f"The document {message}", rule=rule, subject=source.id)


def _run(request: bytes, budget: Budget, late: threading.Event) -> tuple[int, bytes]:
    """Run a child on a task and return its exit status and answer. The child never outlives the call."""
    caches = [f"-Xpycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    environment = {name: value for name, value in os.environ.items() if name in _KEPT}
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", *caches, "-c", _START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        process_group=0,  # Ctrl-C is for the parent, or the document would get the blame
    ) as child:

        def expire() -> None:
            late.set()
            child.kill()

        deadline = threading.Timer(budget.wall_s, expire)
        try:
            deadline.start()
            assert child.stdin is not None  # both are pipes
            assert child.stdout is not None
            with suppress(BrokenPipeError), child.stdin:  # the child ended before it had read everything
                child.stdin.write(request)
            answer = _all_of(child.stdout, budget.memory)
            child.stdout.close()
            return child.wait(), answer
        finally:
            child.kill()
            deadline.cancel()


def _all_of(stream: IO[bytes], limit: int) -> bytes:
    """Read to the end, or a little beyond a limit: an answer is never larger than the memory of its process."""
    answer = bytearray()
    while len(answer) <= limit and (chunk := stream.read(_CHUNK)):
        answer += chunk
    return bytes(answer)


def _end(status: int, budget: Budget, *, late: bool) -> tuple[str, str]:
    """Return the rule and the message for a child without an answer."""
    if late:
        return "over-budget", _TOO_MUCH.format(f"{budget.wall_s:g} s")
    if status == -signal.SIGXCPU:
        return "over-budget", _TOO_MUCH.format(f"{budget.cpu_s} s of CPU")
    if status == _NO_MEMORY:
        return "over-budget", _TOO_MUCH.format(f"{budget.memory >> 20} MiB of memory")
    how = f"signal {signal.strsignal(-status) or -status}" if status < 0 else f"status {status}"
    return "parser-crash", f"ended the process that read it ({how}); it is kept, and read again next time."


class _Answer(pickle.Unpickler):
    """Reads only dates and the values of `model`, classes without behaviour."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as declared by `pickle`
        """Return an expected class by its name."""
        if module == model.__name__ and isinstance(getattr(model, name, None), type):
            return getattr(model, name)
        if module == "datetime" and name in {"datetime", "timedelta", "timezone"}:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not expected")


def _result(answer: bytes, kind: type[_Result], source: Source) -> _Result:
    """Return the result in a child's answer, or raise its error."""
    try:
        value = _Answer(io.BytesIO(answer)).load()
        if isinstance(value, kind):
            return value
        rule, message = map(str, value)
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, ImportError, TypeError, ValueError) as error:
        message = f"The answer of the process that read the document makes no sense ({error!r:.100})."
        raise ParseError(message, rule="parser-crash", subject=source.id) from error
    raise ParseError(message, rule=rule, subject=source.id)


# ── the child process ───────────────────────────────────────────────────────────────────────────────────────────


class _Writer(pickle.Pickler):
    """Writes members of enumerations by class and value. Some versions of Python would write `getattr` instead."""

    def reducer_override(self, value: object) -> Any:  # noqa: ANN401 - as declared by `pickle`
        """Return the class and arguments of an enumeration member."""
        return (type(value), (value.value,)) if isinstance(value, Enum) else NotImplemented


def serve() -> None:
    """Run in the child: read a task, do it within its budget, write the answer. Only `confined` starts it."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the output of libraries is not part of the answer
    work, capture, source, budget = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the parent
    _limit(budget)
    outcome: Document | Article | tuple[str, str]
    try:
        outcome = result = work(capture, source)
        # expat's message. feedparser would try another parser after it.
        if isinstance(result, Document) and "out of memory" in result.damage:
            os._exit(_NO_MEMORY)
    except ParseError as error:
        outcome = (error.rule, error.message)
    except MemoryError:
        os._exit(_NO_MEMORY)
    except Exception as error:  # noqa: BLE001 - the process ends here, and the parent raises the error with a rule
        outcome = ("parser-crash", f"The document ended its parser ({error!r:.200}).")
    _Writer(answer).dump(outcome)
    answer.flush()
    os._exit(0)  # freeing a hostile tree would be one more risk


def _limit(budget: Budget) -> None:
    """Let the kernel end this process at the end of its budget."""
    cpu = math.ceil(time.process_time()) + budget.cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(ValueError, OSError):  # macOS has the limit but does not enforce it
        resource.setrlimit(resource.RLIMIT_AS, (budget.memory, budget.memory))
    watch_memory(budget.memory)


def watch_memory(limit: int) -> None:
    """Check the memory of this process 20 times for each second of CPU, for kernels without a limit."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere (getrusage(2))

    def used() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    inherited = used()  # on Linux the count starts with the memory of the parent

    def check(*_: object) -> None:
        if used() > max(limit, inherited):
            os._exit(_NO_MEMORY)

    signal.signal(signal.SIGVTALRM, check)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.05, 0.05)
