"""The table of commands: each with its place, its summary and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.cli.lazy import CommandEntry, GroupEntry


def _command(place: str, summary: str, *examples: str) -> CommandEntry:
    return CommandEntry(place, summary, examples)


_CAPTURES: Final = {
    "list": _command(
        "captures:show_all",
        "List the captures set aside.",
        "ingest captures list",
        "ingest captures list --json",
    ),
    "show": _command(
        "captures:show",
        "Show one capture: where it came from, and why it is set aside.",
        "ingest captures show 12",
        "ingest captures show 12 --content > document.xml",
    ),
    "retry": _command(
        "captures:retry",
        "Read set-aside or discarded captures again, without a request to a vendor.",
        "ingest captures retry",
        "ingest captures retry 12 --json",
    ),
    "discard": _command(
        "captures:discard",
        "Discard a capture set aside.",
        "ingest captures discard 12 --reason 'a test page of the vendor'",
    ),
}

_HEADLINE: Final = {
    "withdraw": _command(
        "headline:withdraw",
        "Withdraw a headline from all views.",
        "ingest headline withdraw ID --reason 'published by mistake'",
    ),
    "restore": _command(
        "headline:restore",
        "Show a withdrawn headline again.",
        "ingest headline restore ID --reason 'the vendor confirmed it'",
    ),
}

_STORY: Final = {
    "show": _command(
        "stories:show",
        "Show one story: its headlines, all official links, and the reasons for it.",
        "ingest story show ID",
        "ingest story ID --json",
    ),
    "merge": _command(
        "stories:merge",
        "Merge headlines into one story against the rules, each with the headlines joined to it.",
        "ingest story merge ID OTHER --reason 'the release page of the same launch'",
    ),
    "split": _command(
        "stories:split",
        "Keep a headline out of the story of others, against the rules.",
        "ingest story split ID OTHER --reason 'another model'",
    ),
    "pin": _command(
        "stories:pin",
        "Choose the headline that represents its story, overall and in its language.",
        "ingest story pin ID --reason 'the launch, not its recap'",
    ),
}

_SOURCES: Final = {
    "check": _command(
        "sources:check", "Validate an allow-list and list every fault.", "ingest sources check sources.yaml"
    ),
    "list": _command("sources:show", "List the sources in force.", "ingest sources list --json"),
    "moves": _command(
        "moves:moves",
        "List moved and missing sources with the evidence.",
        "ingest sources moves",
        "ingest sources moves openai/news --json",
    ),
    "schema": _command(
        "sources:schema", "Print the JSON Schema of sources.yaml.", "ingest sources schema > sources.schema.json"
    ),
    "apply": _command(
        "sources:apply",
        "Put an allow-list in force on purpose.",
        "ingest sources apply --confirm --why 'the blog moved'",
    ),
    "discover": _command(
        "discover:discover",
        "Look at one page for sources: feeds, sitemaps, and lists with selectors.",
        "ingest sources discover https://www.anthropic.com/news",
        "ingest sources discover https://www.anthropic.com/news --from news.html --json",
    ),
    "try": _command(
        "try_source:try_source",
        "Show the yield of a source: new and refused entries with reasons, and oddities.",
        "ingest sources try openai/news",
        "ingest sources try stanza.yaml --fetch",
    ),
    "add": _command(
        "edits:add",
        "Add a source to sources.yaml, after the others of its vendor.",
        "ingest sources add anthropic blog --kind page --url https://www.anthropic.com/blog "
        "--select entry=article --select title=h3 --select date=time --dry-run",
    ),
    "enable": _command("edits:enable", "Resume a source of sources.yaml.", "ingest sources enable openai/developers"),
    "disable": _command(
        "edits:disable",
        "Pause a source of sources.yaml, and keep its headlines.",
        "ingest sources disable openai/news --why 'moved; the new address is not known yet'",
    ),
}

_DB: Final = {
    "upgrade": _command(
        "db:upgrade",
        "Bring the database to the schema of this version, or create it.",
        "ingest db upgrade",
    ),
    "current": _command("db:current", "Show the schema of the database.", "ingest db current --json"),
    "check": _command(
        "db:check",
        "Check the database: its schema, guards and scopes, and every record against the policy.",
        "ingest db check",
    ),
}

TABLE: Final[Mapping[str, CommandEntry | GroupEntry]] = {
    "poll": _command(
        "poll:poll", "Poll every due source once, and exit.", "ingest poll", "ingest poll openai/news --json"
    ),
    "run": _command("run:run", "Follow the sources until SIGTERM or Ctrl-C.", "ingest run --serve 127.0.0.1:8080+"),
    "headlines": _command(
        "headlines:headlines",
        "List headlines with their links, newest first.",
        "ingest headlines --vendor openai --since 7d",
        "ingest headlines --lang ja --json --limit 0",
    ),
    "status": _command(
        "status:status",
        "Show the sources with a problem, and the number of all others.",
        "ingest status",
        "ingest status --vendor openai --all",
        "ingest status openai/news",
    ),
    "rejections": _command(
        "rejections:rejections",
        "List refused entries with the rule of each.",
        "ingest rejections --rule off-scope",
        "ingest rejections --status filtered",
    ),
    "why": _command(
        "why:why",
        "Show the origin of a headline or a refusal.",
        "ingest why https://openai.com/index/some-announcement/",
    ),
    "stories": _command(
        "stories:stories",
        "List stories, newest first: announcements with all their official links.",
        "ingest stories --vendor google --since 7d",
        "ingest stories --lang ja --json",
    ),
    "replay": _command(
        "replay:replay",
        "Read all stored captures again in another database, and compare the result with the stored records.",
        "ingest replay",
        "ingest replay --into sqlite:///replayed.db",
    ),
    "serve": _command("serve:serve", "Serve the page alone, until SIGTERM or Ctrl-C.", "ingest serve 127.0.0.1:8080"),
    "demo": _command(
        "demo:demo",
        "Show the main job on recorded sample vendors.",
        "ingest demo",
        "ingest demo --serve 127.0.0.1:8080+",
    ),
    "settings": _command(
        "settings:settings",
        "Show every setting, its origin and its unit.",
        "ingest settings",
        "ingest settings --json",
    ),
    "captures": GroupEntry(
        "Documents on which this program failed: look at them, try again, or discard them.", _CAPTURES
    ),
    "headline": GroupEntry("One headline: withdraw it, or show it again.", _HEADLINE),
    "story": GroupEntry("One story: show it, merge it, split it, or choose its headline.", _STORY, default="show"),
    "sources": GroupEntry("The allow-list: validate it, look at it, put it in force.", _SOURCES),
    "db": GroupEntry("The database: its schema and its guards.", _DB),
}
"""All commands, in the order of the help."""
