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
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import IO, Any, Final, TypeVar

from ingest import model
from ingest import parse as parsing
from ingest.errors import ParseError
from ingest.model import Article, Capture, Document, Kind, Source
from ingest.parse.markup.decoding import decode
from ingest.parse.markup.webpage import is_page

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

# ── what is parsed here ─────────────────────────────────────────────────────────────────────────────────────────

LONGEST: Final = 2_000_000
"""Characters; the longest of 730 recorded documents has 1,693,485 (a page that carries its data), of feeds 609,443."""

MOST_TAGS: Final = 25_000
"""Signs of a tag; the most in a recorded document is 15,910 (a podcast), and 10 µs each is what a reader of XML takes."""

MOST_IN_SITEMAP: Final = 100_000
"""The same for sitemaps, which are read without building anything, 2.5 µs a tag; six tags an address."""

MOST_REFERENCES: Final = 100_000
"""Ampersands; the most in a recorded document is 23,008, and 2 million of them take a reader of XML 3 s."""

MOST_REOPENED: Final = 500_000
"""
Tags of a page times its unlike formatting tags: the elements that it can come to, times three. 31,023 in the recordings.

HTML §13.2.4.3: a formatting element that stays open is made again in every block that follows, three of each likeness at
most. What is closed is not counted, because what looks like an end tag need not be one. How deep the tree became is seen
when it stands (`parse.webpage`); with that many tags it stands within a second.
"""

_FORMATTING: Final = re.compile(
    r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])(?:=\s*+\"[^\"]*\"|=\s*+'[^']*'|[^>])*+",
    re.IGNORECASE,
)
# One tag behind its `<`, with quotes read as HTML §13.2.5 does. Each attribute is compared with those before it.
_TAG: Final = re.compile(r"(?:=\s*+\"[^\"]*\"|=\s*+'[^']*'|[^>])*+")
_VALUE: Final = re.compile(r"=\s*+(?:\"[^\"]*\"|'[^']*')")
_LONGEST_TAG: Final = 8_000  # characters beside the values
_GZIP: Final = b"\x1f\x8b"  # RFC 1952 §2.3.1
_MARKUP_KINDS: Final = frozenset({Kind.PAGE, Kind.CHANGELOG, Kind.WATCH})


def risk(text: str, kind: Kind) -> str | None:
    """
    Say why a document should not be parsed here, None for an ordinary one; the work is a few passes at C's speed.

    Feeds need no look at their structure: what cost the square of it is cut off in `parse.bounded`. A page that stands in
    their place is looked at as a page.
    """
    if len(text) > LONGEST:
        return "size"
    if text.count("<") > (MOST_IN_SITEMAP if kind is Kind.SITEMAP else MOST_TAGS):
        return "tags"
    if text.count("&") > MOST_REFERENCES:
        return "references"
    return _risk_of_page(text) if kind in _MARKUP_KINDS or is_page(text) else None


def _risk_of_page(text: str) -> str | None:
    if any(_is_long_tag(part) for part in text.split("<")[1:] if len(part) > _LONGEST_TAG):
        return "attributes"
    unlike = len(set(_FORMATTING.findall(text)))
    return "formatting" if unlike * text.count("<") > MOST_REOPENED else None


def _is_long_tag(part: str) -> bool:
    """Whether what follows a `<` is a tag with very many attributes."""
    if not (part[0].isascii() and part[0].isalpha()) and part[0] != "/":
        return False  # HTML §13.2.5.6: text, or what has no attributes
    tag = _TAG.match(part)
    assert tag is not None  # it may be empty
    return len(tag[0]) > _LONGEST_TAG and len(_VALUE.sub("", tag[0])) > _LONGEST_TAG


def parse(capture: Capture, source: Source, budget: Budget = BUDGET) -> Document:
    """
    Read a capture as `ingest.parse.parse` does, here or in a limited process; from any thread.

    Raises:
        ParseError: As there, and with rule `over-budget` or `parser-crash`. Never anything else, whatever the bytes.
    """
    content = _unpacked(capture.content)
    if content is not None and risk(decode(content, capture.content_type)[0], source.kind) is None:
        return parsing.parse(capture, source)
    return confined(parsing.parse, Document, capture, source, budget)


def read_article(capture: Capture, source: Source, budget: Budget = BUDGET) -> Article:
    """
    Read the page of an announcement as `ingest.parse.parse_page` does, here or in a limited process.

    Raises:
        ParseError: As `parse`.
    """
    if risk(decode(capture.content, capture.content_type)[0], Kind.PAGE) is None:
        return parsing.parse_page(capture, source)
    return confined(parsing.parse_page, Article, capture, source, budget)


def _unpacked(content: bytes) -> bytes | None:
    """Return what a sitemap's gzip holds, any other document as it is; None for what is not one small whole file."""
    if not content.startswith(_GZIP):
        return content
    member = zlib.decompressobj(wbits=31)
    try:
        unpacked = member.decompress(content, LONGEST)
    except zlib.error:
        return None
    return unpacked if member.eof and not member.unused_data else None


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
