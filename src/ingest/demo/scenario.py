"""
The contents of the demo and its expected results: the ticker of May 2026, and a second round with one of everything.

The vendors' documents lie in `vendors/`, written for this purpose from facts (official title, address, known precision
of the date). The summaries repeat the ticker's lines. Step 1 of that folder is round one, step 2 is round two.

A ticker line leads to an official page, several lines sometimes to one page: 19 lines, 16 announcements. The vendors
themselves published four of these in Japanese as well, so round one makes 20 headlines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from ingest.model import Outcome, Tally

SOURCES = Path(__file__).with_name("sources.yaml")
"""The demo's allow-list."""

VENDORS = Path(__file__).with_name("vendors")
"""The answers of the vendors: a folder for `server.VendorServer.show`."""


@dataclass(frozen=True, slots=True)
class TickerLine:
    """One line of the ticker of May 2026 with its official page. `number` is its position from 1."""

    number: int
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """A title changed by its vendor between the rounds."""

    source_id: str
    url: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PlannedDuplicate:
    """An announcement carried by another source of the same vendor in round two, as `offered_url`."""

    source_id: str
    first_source_id: str
    url: str
    offered_url: str


@dataclass(frozen=True, slots=True)
class PlannedRefusal:
    """An entry of round two refused by `rule`. `kind` describes it in plain words."""

    kind: str
    source_id: str
    url: str
    rule: str


@dataclass(frozen=True, slots=True)
class PlannedRound:
    """One round: the step of `VENDORS` to serve, its time, and the expected sums."""

    step: int
    at: datetime
    tally: Tally
    outcomes: Mapping[Outcome, int]


KEYWORD = "https://blog.google/innovation-and-ai/"
CODEX = "https://learn.chatgpt.com/docs/changelog#codex-2026-05-21"
GLASSWING = "https://www.anthropic.com/research/glasswing-initial-update"
PROVENANCE = "https://openai.com/index/advancing-content-provenance/"
GEMINI = KEYWORD + "models-and-research/gemini-models/gemini-3-5/"
SAVE_THE_DATE = KEYWORD + "technology/developers-tools/io-2026-save-the-date/"

LEFT_OUT = {8: "Gemini 3.5 Flash released with enhanced research tools"}
"""Lines of the ticker without an official page, by number."""

TICKER = (
    TickerLine(1, "Anthropic finds over 10,000 vulnerabilities with Project Glasswing", GLASSWING),
    TickerLine(
        2, "SynthID expands to Google Search and Chrome", KEYWORD + "products/identifying-ai-generated-media-online/"
    ),
    TickerLine(3, "Goal mode now available across all Codex platforms", CODEX),
    TickerLine(4, "Codex Thursday adds remote Mac control", CODEX),
    TickerLine(5, "Anthropic publishes early Project Glasswing results", GLASSWING),
    TickerLine(6, "Anthropic updates vulnerability disclosure dashboard", "https://red.anthropic.com/2026/cvd/"),
    TickerLine(7, "Releases new science-focused AI skills tool", "https://github.com/google-deepmind/science-skills"),
    TickerLine(
        9,
        "Google launches ADK for Kotlin and Android 0.1.0",
        "https://developers.googleblog.com/adk-kotlin-android-building-ai-agents/",
    ),
    TickerLine(10, "Gemini 3.5 Flash officially launched", GEMINI),
    TickerLine(
        11,
        "AI solves long-standing open math problem for first time",
        "https://openai.com/index/model-disproves-discrete-geometry-conjecture/",
    ),
    TickerLine(
        12,
        "Google announces Gemini Omni for video creation",
        KEYWORD + "models-and-research/gemini-models/gemini-omni/",
    ),
    TickerLine(13, "Use multiple agents with Gemini Omni", KEYWORD + "models-and-research/google-labs/flow-updates/"),
    TickerLine(
        14,
        "OpenAI Introduces Guaranteed Capacity for Long-Term Compute",
        "https://openai.com/business/guaranteed-capacity/",
    ),
    TickerLine(
        15,
        "Gemini for Science assists with research tasks",
        KEYWORD + "technology/research/gemini-for-science-io-2026/",
    ),
    TickerLine(16, "SynthID watermark and verification tool added to AI images", PROVENANCE),
    TickerLine(17, "Google I/O 2026 to unveil new AI breakthroughs", SAVE_THE_DATE),
    TickerLine(18, "OpenAI boosts image provenance and verification", PROVENANCE),
    TickerLine(
        19, "KPMG rolls out Claude globally, starting with tax", "https://www.anthropic.com/news/anthropic-kpmg"
    ),
    TickerLine(
        20,
        "Google adds Managed Agents to the Gemini API",
        KEYWORD + "technology/developers-tools/managed-agents-gemini-api/",
    ),
)

EDIT = PlannedEdit("google/keyword", SAVE_THE_DATE, "Google I/O 2026 save the date", "Get ready for Google I/O 2026")

DUPLICATE = PlannedDuplicate(
    "google/deepmind", "google/keyword", GEMINI, GEMINI + "?utm_source=deepmind.google&utm_medium=referral"
)

REFUSALS = (
    PlannedRefusal("press", "anthropic/news", "https://www.businesswire.com/news/home/20260519000001/en/", "off-scope"),
    PlannedRefusal(
        "look-alike", "openai/codex-changelog", "https://openai.com.news-desk.example/codex/sign-in/", "off-scope"
    ),
    PlannedRefusal(
        "community",
        "openai/news",
        "https://community.openai.com/t/what-did-you-build-with-goal-mode/1400000",
        "exception",
    ),
)

ROUND_ONE = PlannedRound(
    step=1,
    at=datetime(2026, 5, 23, 9, 0, tzinfo=UTC),
    tally=Tally(created=20),
    outcomes=MappingProxyType({Outcome.OK: 11}),
)
"""Every source is new and answers. Every entry becomes a headline."""

ROUND_TWO = PlannedRound(
    step=2,
    at=datetime(2026, 5, 24, 9, 0, tzinfo=UTC),
    tally=Tally(revised=1, duplicate=1, rejected=3, seen=11),
    outcomes=MappingProxyType({Outcome.OK: 5, Outcome.NOT_MODIFIED: 6}),
)
"""Five documents changed, one thing in each. The others answer 304."""
