"""
Everything that `ingest` raises on purpose, as one tree.

    IngestError
    ├── SettingsError          a flag or INGEST_* variable is wrong                      exit 2
    ├── AllowlistError         sources.yaml is refused; carries every problem found      exit 2
    ├── UsageError             a command names something that does not exist             exit 2
    ├── StoreError             the database cannot be used                               exit 3
    │   ├── SchemaError        it is not at the schema this version needs                exit 3
    │   └── LockedError        another process holds it for too long                     exit 3
    ├── DocumentError          this program fails on one document, which is set aside    exit 1
    │   ├── DamagedError       the stored bytes of a capture are not those that came     exit 1
    │   └── RecordError        the database refuses what one document says               exit 1
    │       └── PolicyGuardError  because it is not official: a fault in our code        exit 1
    ├── OutputError            what a command prints cannot be written                   exit 1
    ├── HungError              a round is stuck and cannot be ended; the process has to      exit 1
    ├── LeaseLostError         another worker took the source over; our write is void
    ├── StaleListError         another list came into force while a document was judged; our write is void
    ├── UrlError               text that is not a usable web address, with its rule
    ├── ParseError             a document that cannot be read at all
    └── FetchError             a request that brought no document; `retryable` says whether another try may help

Expected outcomes (304, a refused link, a source that is down) are values, not exceptions: see `model`.
An error's text names the subject, what is wrong and the way out.
"""

from __future__ import annotations

from dataclasses import dataclass


class IngestError(Exception):
    """
    Root of the tree.

    Args:
        message: What is wrong and the way out, one sentence each.
        subject: The source id, file or setting it is about, if there is one.
        url: The address it is about, if there is one.
    """

    exit_status = 1

    def __init__(self, message: str, *, subject: str | None = None, url: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.url = url

    def __str__(self) -> str:
        """Subject first, so that a log line can be found by it."""
        return f"{self.subject}: {self.message}" if self.subject else self.message


class SettingsError(IngestError):
    """A flag or environment variable has a value that cannot be used."""

    exit_status = 2


class UsageError(IngestError):
    """A command names a source, headline or option value that does not exist."""

    exit_status = 2


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """
    One thing wrong with an allow-list.

    Line and column count from 1; `key` is the dotted place (`vendors.openai.sources.news.url`), "" for the file itself.
    """

    line: int
    column: int
    key: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """`line:column: key: what. remedy`, as compilers print it."""
        key = f"{self.key}: " if self.key else ""
        return f"{self.line}:{self.column}: {key}{self.what}" + (f" {self.remedy}" if self.remedy else "")


class AllowlistError(IngestError):
    """`sources.yaml` is refused; `problems` holds everything wrong with it, in file order."""

    exit_status = 2

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        lines = "\n".join(f"{path}:{problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} problem(s); nothing is fetched with this list.\n{lines}", subject=path)


class StoreError(IngestError):
    """The database cannot be reached, opened or written."""

    exit_status = 3


class SchemaError(StoreError):
    """The database is not at the schema that this version needs."""


class LockedError(StoreError):
    """The database stayed locked by another process for longer than we wait."""


class DocumentError(IngestError):
    """
    A document on which this program fails: a fault of ours, which must cost no other document anything.

    Its capture is set aside; see `pipeline.isolation`.
    """


class DamagedError(DocumentError):
    """The stored bytes of a capture are not those that came."""


class RecordError(DocumentError):
    """The database refused what one document says (a constraint, a range); the database itself can be used."""


class PolicyGuardError(RecordError):
    """The database's own guard refused a record that our policy let through: a fault in this program."""


class OutputError(IngestError):
    """What a command prints cannot be written: the disk behind standard output is full, or it is closed."""


class HungError(IngestError):
    """A round has made no step for so long that it never will; its thread cannot be ended, the process has to be."""


class LeaseLostError(IngestError):
    """Another worker took the source over while we were busy; nothing of ours was written."""


class StaleListError(IngestError):
    """Another list came into force while we were busy; nothing of ours was written, and the next round judges anew."""


class UrlError(IngestError):
    """
    Text that is not a usable web address.

    Args:
        rule: Short stable name of the rule that refused it (see `policy`).
    """

    def __init__(self, message: str, *, rule: str, url: str) -> None:
        super().__init__(message, url=url)
        self.rule = rule


class ParseError(IngestError):
    """A document that is not of a kind we can read; `rule` is its short stable name."""

    def __init__(self, message: str, *, rule: str, subject: str | None = None) -> None:
        super().__init__(message, subject=subject)
        self.rule = rule


class FetchError(IngestError):
    """
    A request that brought no document.

    Args:
        rule: Short stable name (`timeout`, `dns`, `tls`, `private-address`, `too-large`, `off-list-redirect`, …).
        retryable: Whether the same request may succeed within this poll.
        status_code: Of the response, when there was one.
        retry_after_s: What the server asked for, seconds, when it did.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: str,
        retryable: bool = False,
        url: str | None = None,
        subject: str | None = None,
        status_code: int | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message, url=url, subject=subject)
        self.rule = rule
        self.retryable = retryable
        self.status_code = status_code
        self.retry_after_s = retry_after_s
