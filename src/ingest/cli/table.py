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
        "List the captures that are set aside.",
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
        "Read captures again that are set aside or discarded; no vendor is asked.",
        "ingest captures retry",
        "ingest captures retry 12 --json",
    ),
    "discard": _command(
        "captures:discard",
        "Do without a capture that is set aside.",
        "ingest captures discard 12 --reason 'a test page of the vendor'",
    ),
}

_HEADLINE: Final = {
    "withdraw": _command(
        "headline:withdraw",
        "Take a headline out of what is shown.",
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
        "Show one story: its headlines, all official links, and why they are one; `ingest story ID` does the same.",
        "ingest story show ID",
        "ingest story ID --json",
    ),
    "merge": _command(
        "stories:merge",
        "Make one story of headlines, whatever the rules say; with each comes what the rules join it with.",
        "ingest story merge ID OTHER --reason 'the release page of the same launch'",
    ),
    "split": _command(
        "stories:split",
        "Keep a headline out of the story of others, whatever the rules say.",
        "ingest story split ID OTHER --reason 'another model'",
    ),
    "pin": _command(
        "stories:pin",
        "Let a headline stand for its story, overall and in its language.",
        "ingest story pin ID --reason 'the launch, not its recap'",
    ),
}

_SOURCES: Final = {
    "check": _command(
        "sources:check", "Validate an allow-list and tell every fault.", "ingest sources check sources.yaml"
    ),
    "list": _command("sources:show", "List the sources in force.", "ingest sources list --json"),
    "moves": _command(
        "moves:moves",
        "List sources that moved or are gone, with evidence.",
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
        "Show what a source would yield: recorded, refused and why, and what looks odd.",
        "ingest sources try openai/news",
        "ingest sources try stanza.yaml --fetch",
    ),
    "add": _command(
        "edits:add",
        "Write a source into sources.yaml, behind the others of its vendor.",
        "ingest sources add anthropic blog --kind page --url https://www.anthropic.com/blog "
        "--select entry=article --select title=h3 --select date=time --dry-run",
    ),
    "enable": _command(
        "edits:enable", "Let a source of sources.yaml be polled.", "ingest sources enable openai/developers"
    ),
    "disable": _command(
        "edits:disable",
        "Let a source of sources.yaml rest; its headlines stay.",
        "ingest sources disable openai/news --why 'moved; the new address is not known yet'",
    ),
}

_DB: Final = {
    "upgrade": _command(
        "db:upgrade",
        "Bring the database to the schema of this version; make it if there is none.",
        "ingest db upgrade",
    ),
    "current": _command("db:current", "Show the schema that the database is at.", "ingest db current --json"),
    "check": _command(
        "db:check",
        "Compare the database with what it should be: schema, guards, scopes, and every record against the policy.",
        "ingest db check",
    ),
}

TABLE: Final[Mapping[str, CommandEntry | GroupEntry]] = {
    "poll": _command(
        "poll:poll", "Look once at what is due, and exit.", "ingest poll", "ingest poll openai/news --json"
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
        "Show the sources that need a look, and how many are well.",
        "ingest status",
        "ingest status --vendor openai --all",
        "ingest status openai/news",
    ),
    "rejections": _command(
        "rejections:rejections",
        "List what was refused, and by which rule.",
        "ingest rejections --rule off-scope",
        "ingest rejections --status filtered",
    ),
    "why": _command(
        "why:why",
        "Show where a headline or a refusal comes from.",
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
        "Read all stored captures again, in order, in another database, and compare what comes of it with what is stored.",
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
        "Documents on which this program failed: look at them, try again, or do without.", _CAPTURES
    ),
    "headline": GroupEntry("One headline: withdraw it, or show it again.", _HEADLINE),
    "story": GroupEntry("One story: show it, merge, split, or choose what is shown.", _STORY, default="show"),
    "sources": GroupEntry("The allow-list: validate it, look at it, put it in force.", _SOURCES),
    "db": GroupEntry("The database: its schema and its guards.", _DB),
}
"""All commands, in the order of the help."""
