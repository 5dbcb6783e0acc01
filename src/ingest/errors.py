"""
The exceptions of `ingest`, as one tree.

    IngestError                                                                       exit 1
    ├── SettingsError          a flag or an INGEST_* variable is invalid              exit 2
    ├── AllowlistError         sources.yaml is invalid, with a list of all problems   exit 2
    ├── UsageError             a command names something that does not exist          exit 2
    ├── StoreError             the database cannot be used                            exit 3
    │   ├── SchemaError        its schema is not the one this version needs           exit 3
    │   └── LockedError        another process keeps it locked for too long           exit 3
    ├── DocumentError          this program fails on one document and sets it aside
    │   ├── DamagedError       the stored bytes of a capture are damaged
    │   └── RecordError        the database refuses a record of one document
    │       └── PolicyGuardError  because it is not official: a bug in this program
    ├── OutputError            the output of a command cannot be written
    ├── HungError              a round is stuck, and only the end of the process helps
    ├── LeaseLostError         another worker took the source over
    ├── StaleListError         another list came into force during the work on a document
    ├── UrlError               a text is not a usable web address
    ├── ParseError             a document cannot be read at all
    └── FetchError             a request brought no document

After LeaseLostError and StaleListError nothing was written. Expected results are values and not exceptions: a 304, a refused
link, a source out of order (see `model`).

Every message names the subject and the problem. It ends with the way out, unless `remedy` has it as a code: commands are
named in `remedies` and in `cli` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Remedy(StrEnum):
    """
    A way out as a code. `remedies` words it.

    Core packages raise and return codes, because only the command line and the page know how an operator acts.
    """

    UPGRADE = "upgrade"
    ANOTHER_FILE = "another-file"
    ANOTHER_VERSION = "another-version"
    CHECK_DIRECTORY = "check-directory"
    LIST_HEADLINES = "list-headlines"
    LIST_SOURCES = "list-sources"
    POLL_FIRST = "poll-first"
    POLL_NEXT = "poll-next"
    RESTORE = "restore"
    RESTORE_OR_REPORT = "restore-or-report"
    RESTORE_DEFINITION = "restore-definition"
    REMAKE_RULES = "remake-rules"
    DROP_FOREIGN = "drop-foreign"
    APPLY_FOR_SCOPES = "apply-for-scopes"
    APPLY_FOR_ROWS = "apply-for-rows"
    APPLY_FOR_TEXT = "apply-for-text"
    WITHDRAW = "withdraw"
    RETRY_CAPTURES = "retry-captures"
    ONE_WRITER = "one-writer"


class IngestError(Exception):
    """
    Root of the tree.

    Args:
        message: The problem and the way out, one sentence each. With a `remedy`, the problem without a period.
        subject: The source id, file or setting, if there is one.
        url: The address, if there is one.
        remedy: The way out as a code, if it is a command.
    """

    exit_status = 1

    def __init__(
        self, message: str, *, subject: str | None = None, url: str | None = None, remedy: Remedy | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.url = url
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the message with its subject first, so that log lines can be found by subject."""
        return f"{self.subject}: {self.message}" if self.subject else self.message


class SettingsError(IngestError):
    """An invalid value of a flag or environment variable."""

    exit_status = 2


class UsageError(IngestError):
    """A command with an unknown source, headline or option value."""

    exit_status = 2


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """
    One problem of an allow-list.

    Line and column count from 1. `key` is the dotted key (`vendors.openai.sources.news.url`), "" for the file itself.
    """

    line: int
    column: int
    key: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return `line:column: key: what. remedy`, the form of compiler messages."""
        key = f"{self.key}: " if self.key else ""
        return f"{self.line}:{self.column}: {key}{self.what}" + (f" {self.remedy}" if self.remedy else "")


class AllowlistError(IngestError):
    """An invalid `sources.yaml`, with all `problems` in file order."""

    exit_status = 2

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        lines = "\n".join(f"{path}:{problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} problem(s); nothing is fetched with this list.\n{lines}", subject=path)


class StoreError(IngestError):
    """An error on reaching, opening or writing the database."""

    exit_status = 3


class SchemaError(StoreError):
    """A database without the schema of this version."""


class LockedError(StoreError):
    """A database locked by another process for too long."""


class DocumentError(IngestError):
    """
    A failure of this program on one document.

    It must not affect any other document. `pipeline.isolation` sets the capture aside.
    """


class DamagedError(DocumentError):
    """A capture with other stored bytes than those received."""


class RecordError(DocumentError):
    """A record refused by a constraint or range of the database. The database itself still works."""


class PolicyGuardError(RecordError):
    """A record admitted by our policy but refused by the database's guard: a bug in this program."""


class OutputError(IngestError):
    """An error on writing the output: the disk is full, or standard output is closed."""


class HungError(IngestError):
    """A round without progress for too long. Its thread cannot be ended, so the process must end."""


class LeaseLostError(IngestError):
    """The loss of a source to another worker during our work. Nothing of ours was written."""


class StaleListError(IngestError):
    """A new list in force since our work began. Nothing of ours was written, and the next round repeats the work."""


class UrlError(IngestError):
    """
    An unusable web address.

    Args:
        rule: The short stable name of the rule (see `policy`).
    """

    def __init__(self, message: str, *, rule: str, url: str) -> None:
        super().__init__(message, url=url)
        self.rule = rule


class ParseError(IngestError):
    """An unreadable document. `rule` is the short stable name of the reason."""

    def __init__(self, message: str, *, rule: str, subject: str | None = None) -> None:
        super().__init__(message, subject=subject)
        self.rule = rule


class FetchError(IngestError):
    """
    A request that brought no document.

    Args:
        rule: The short stable name of the reason (`timeout`, `dns`, `tls`, `private-address`, `too-large`, …).
        retryable: Whether the same request may succeed within this poll.
        status_code: The status of the response, if there was one.
        retry_after_s: The server's Retry-After in seconds, if there was one.
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
