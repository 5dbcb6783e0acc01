"""
A document that could blow the parser up is parsed in a process of its own, with a budget that really ends it.

A look at the text decides, in a hundredth of the time that parsing takes: what is small, flat and of few tags is parsed
here, where the worst that is known takes 1.5 s. The rest goes to a fresh interpreter
that gets the bytes and nothing else: no environment, no open files, limits of the kernel on CPU and memory, and a
deadline after which it is killed. It is started by `exec`, not forked, because the daemon has threads; it is not kept,
so that no document can leave anything behind for the next one, and none costs anything while nothing hostile comes.

    over-budget     it needed more than the budget of time or memory
    parser-crash    the process ended without an answer (a fault in the parser's C code, or a signal from outside)

What the child answers is read as plain values: a parser that was taken over can say untrue things about its own
document, and do nothing else.
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
    What one document may cost: seconds of CPU, seconds in all, bytes of memory.

    The densest 20 MiB that a fetch lets through take 40 s of CPU and 400 MB on the machine they were measured on; 7 MB
    with 100,000 entries take 6 s and 130 MB. Nobody announces in documents of that size.
    """

    cpu_s: int = 10
    wall_s: float = 30.0
    memory: int = 1 << 30


BUDGET: Final = Budget()


def parse(capture: Capture, source: Source, budget: Budget = BUDGET) -> Document:
    """
    Read a capture as `ingest.parse.parse` does, here or in a limited process; from any thread.

    Raises:
        ParseError: As there, and with rule `over-budget` or `parser-crash`. Never anything else, whatever the bytes.
    """
    decoded = _decoded(capture)
    if decoded is not None and risk(decoded.text, source.kind) is None:
        return parsing.parse_decoded(decoded, capture.final_url, source)
    return confined(parsing.parse, Document, capture, source, budget)


def read_article(capture: Capture, source: Source, budget: Budget = BUDGET) -> Article:
    """
    Read the page of an announcement as `ingest.parse.parse_page` does, here or in a limited process.

    Raises:
        ParseError: As `parse`.
    """
    decoded = _decoded(capture)
    if decoded is not None and risk(decoded.text, Kind.PAGE) is None:
        return parsing.parse_decoded_page(decoded, capture.final_url, source)
    return confined(parsing.parse_page, Article, capture, source, budget)


def _decoded(capture: Capture) -> Decoded | None:
    """Decode a document, or return None for a gzip file that is damaged or too large for this process."""
    try:
        decoded = decoding.read(capture.content, capture.content_type, limit=LONGEST)
    except ParseError:
        return None
    return None if decoded.packing else decoded


# ── outside ─────────────────────────────────────────────────────────────────────────────────────────────────────

_Found = TypeVar("_Found", Document, Article)

_START: Final = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from ingest import jail; jail.serve()"
_KEPT: Final = frozenset({"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})  # what an interpreter may need in order to start
_CHUNK: Final = 1 << 16  # bytes, what a pipe holds
_NO_MEMORY: Final = 71  # our own exit status

_TOO_MUCH: Final = "was stopped: reading it needs more than {}; look at it, and disable the source if it stays so."


def confined(
    work: Callable[[Capture, Source], _Found],
    kind: type[_Found],
    capture: Capture,
    source: Source,
    budget: Budget = BUDGET,
) -> _Found:
    """
    Do a piece of work on a document in a process that cannot outlive its budget.

    Args:
        work: A function of a module; its name is what is sent.
        kind: What it answers.
    """
    request = pickle.dumps(sys.path) + pickle.dumps((work, capture, source, budget))
    late = threading.Event()
    try:
        status, answer = _ask(request, budget, late)
    except (OSError, RuntimeError) as error:  # no process or no thread can be had
        message = f"The process that reads risky documents cannot be started ({error}); it is tried again next time."
        raise ParseError(message, rule="parser-crash", subject=source.id) from error
    if status == 0 and not late.is_set():
        return _said(answer, kind, source)
    rule, message = _end(status, budget, late=late.is_set())
    raise ParseError(f"The document {message}", rule=rule, subject=source.id)


def _ask(request: bytes, budget: Budget, late: threading.Event) -> tuple[int, bytes]:
    """Run a child, give it its task and take its answer; whatever happens, it is dead and buried afterwards."""
    caches = [f"-Xpycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    environment = {name: value for name, value in os.environ.items() if name in _KEPT}
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", *caches, "-c", _START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        process_group=0,  # Ctrl-C is for us: the document is not to blame
    ) as child:

        def expire() -> None:
            late.set()
            child.kill()

        deadline = threading.Timer(budget.wall_s, expire)
        try:
            deadline.start()
            assert child.stdin is not None  # both are pipes
            assert child.stdout is not None
            with suppress(BrokenPipeError), child.stdin:  # it died before it had read everything
                child.stdin.write(request)
            answer = _all_of(child.stdout, budget.memory)
            child.stdout.close()
            return child.wait(), answer
        finally:
            child.kill()
            deadline.cancel()


def _all_of(stream: IO[bytes], limit: int) -> bytes:
    """Read to the end, or to somewhere beyond a limit: no answer is larger than the memory it was made in."""
    answer = bytearray()
    while len(answer) <= limit and (chunk := stream.read(_CHUNK)):
        answer += chunk
    return bytes(answer)


def _end(status: int, budget: Budget, *, late: bool) -> tuple[str, str]:
    """Say by which rule, and in which words, a child ended that did not give an answer."""
    if late:
        return "over-budget", _TOO_MUCH.format(f"{budget.wall_s:g} s")
    if status == -signal.SIGXCPU:
        return "over-budget", _TOO_MUCH.format(f"{budget.cpu_s} s of CPU")
    if status == _NO_MEMORY:
        return "over-budget", _TOO_MUCH.format(f"{budget.memory >> 20} MiB of memory")
    how = f"signal {signal.strsignal(-status) or -status}" if status < 0 else f"status {status}"
    return "parser-crash", f"ended the process that read it ({how}); it is kept, and read again next time."


class _Answer(pickle.Unpickler):
    """Reads nothing but the values of `model`, which do nothing, and dates."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as declared by `pickle`
        """Return the class that a value claims to be of."""
        if module == model.__name__ and isinstance(getattr(model, name, None), type):
            return getattr(model, name)
        if module == "datetime" and name in {"datetime", "timedelta", "timezone"}:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not expected")


def _said(answer: bytes, kind: type[_Found], source: Source) -> _Found:
    """Return or raise what a child answered."""
    try:
        found = _Answer(io.BytesIO(answer)).load()
        if isinstance(found, kind):
            return found
        rule, message = map(str, found)
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, ImportError, TypeError, ValueError) as error:
        message = f"The answer of the process that read the document makes no sense ({error!r:.100})."
        raise ParseError(message, rule="parser-crash", subject=source.id) from error
    raise ParseError(message, rule=rule, subject=source.id)


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Writer(pickle.Pickler):
    """Writes members of enumerations by class and value; some versions of Python would name `getattr` instead."""

    def reducer_override(self, value: object) -> Any:  # noqa: ANN401 - as declared by `pickle`
        """Say how a value is made again."""
        return (type(value), (value.value,)) if isinstance(value, Enum) else NotImplemented


def serve() -> None:
    """Be the child: read a task, do it within its budget, answer. Only `confined` starts this."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is not part of the answer
    work, capture, source, budget = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our parent
    _limit(budget)
    said: Document | Article | tuple[str, str]
    try:
        said = found = work(capture, source)
        if (
            isinstance(found, Document) and "out of memory" in found.damage
        ):  # the words of expat, after which feedparser tries another way
            os._exit(_NO_MEMORY)
    except ParseError as error:
        said = (error.rule, error.message)
    except MemoryError:
        os._exit(_NO_MEMORY)
    except Exception as fault:  # noqa: BLE001 - the process ends here, and its parent raises it under a name
        said = ("parser-crash", f"The document ended its parser ({fault!r:.200}).")
    _Writer(answer).dump(said)
    answer.flush()
    os._exit(0)  # taking down a tree that was built by hostile hands is one risk more


def _limit(budget: Budget) -> None:
    """Have the kernel end this process when its budget is used up."""
    cpu = math.ceil(time.process_time()) + budget.cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(ValueError, OSError):  # macOS knows the limit and does not keep it
        resource.setrlimit(resource.RLIMIT_AS, (budget.memory, budget.memory))
    watch_memory(budget.memory)


def watch_memory(limit: int) -> None:
    """Look at our own memory 20 times a second of CPU, for systems whose kernel does not."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere (getrusage(2))

    def used() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    inherited = used()  # Linux begins with what the parent had

    def look(*_: object) -> None:
        if used() > max(limit, inherited):
            os._exit(_NO_MEMORY)

    signal.signal(signal.SIGVTALRM, look)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.05, 0.05)
