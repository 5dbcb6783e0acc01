"""
The command line: one short function a command, assembled here.

Modules import late what a command needs, so that `--help` and the like stay cheap. Data goes to standard output, all
else to standard error; exit statuses are those of CONTRACT §4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated

import typer
from typer.core import TyperGroup

from ingest import __version__
from ingest.cli import (
    captures,
    db,
    demo,
    desk,
    edits,
    headline,
    moves,
    poll,
    read,
    render,
    replay,
    run,
    serve,
    settings,
    sources,
    status,
    stories,
    trial,
    why,
)
from ingest.errors import IngestError, OutputError

__all__ = ["app", "main"]


def _group(help_text: str, cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    return typer.Typer(cls=cls, help=help_text, no_args_is_help=True, rich_markup_mode=None)


app = _group(
    "The system of record for official AI announcements: follows the vendors of sources.yaml and keeps their words."
)


def _add(to: typer.Typer, command: Callable[..., None], *examples: str, name: str | None = None) -> None:
    """Add a command with its examples, which its help shows as they are written."""
    shown = "\n".join(f"  {example}" for example in examples)
    to.command(name, epilog=f"\b\nExample:\n{shown}")(command)


def _version(wanted: bool) -> None:
    if wanted:
        render.line(f"ingest {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


_add(app, poll.poll, "ingest poll", "ingest poll openai/news --json")
_add(app, run.run, "ingest run --serve 127.0.0.1:8080+")
_add(app, read.headlines, "ingest headlines --vendor openai --since 7d", "ingest headlines --lang ja --json --limit 0")
_add(app, status.status, "ingest status", "ingest status --vendor openai --all", "ingest status openai/news")
_add(app, read.rejections, "ingest rejections --rule off-scope", "ingest rejections --status filtered")
_add(app, why.why, "ingest why https://openai.com/index/some-announcement/")
_captures = _group("Documents on which this program failed: look at them, try again, or do without.")
_add(_captures, captures.show_all, "ingest captures list", "ingest captures list --json", name="list")
_add(_captures, captures.show, "ingest captures show 12", "ingest captures show 12 --content > document.xml")
_add(_captures, captures.retry, "ingest captures retry", "ingest captures retry 12 --json")
_add(_captures, captures.discard, "ingest captures discard 12 --reason 'a test page of the vendor'")
app.add_typer(_captures, name="captures")
_headline = _group("One headline: withdraw it, or show it again.")
_add(_headline, headline.withdraw, "ingest headline withdraw ID --reason 'published by mistake'")
_add(_headline, headline.restore, "ingest headline restore ID --reason 'the vendor confirmed it'")
app.add_typer(_headline, name="headline")
_add(app, stories.stories, "ingest stories --vendor google --since 7d", "ingest stories --lang ja --json")
_story = _group("One story: show it, merge, split, or choose what is shown.", stories.ShowsUnlessTold)
_add(_story, stories.show, "ingest story show ID", "ingest story ID --json")
_add(_story, stories.merge, "ingest story merge ID OTHER --reason 'the release page of the same launch'")
_add(_story, stories.split, "ingest story split ID OTHER --reason 'another model'")
_add(_story, stories.pin, "ingest story pin ID --reason 'the launch, not its recap'")
app.add_typer(_story, name="story")
_add(app, replay.replay, "ingest replay", "ingest replay --into sqlite:///replayed.db")
_sources = _group("The allow-list: validate it, look at it, put it in force.")
_add(_sources, sources.check, "ingest sources check sources.yaml")
_add(_sources, sources.show, "ingest sources list --json", name="list")
_add(_sources, moves.moves, "ingest sources moves", "ingest sources moves openai/news --json")
_add(_sources, sources.schema, "ingest sources schema > sources.schema.json")
_add(_sources, sources.apply, "ingest sources apply --confirm --why 'the blog moved'")
_add(
    _sources,
    desk.discover,
    "ingest sources discover https://www.anthropic.com/news",
    "ingest sources discover https://www.anthropic.com/news --from news.html --json",
)
_add(_sources, trial.try_, "ingest sources try openai/news", "ingest sources try stanza.yaml --fetch", name="try")
_add(
    _sources,
    edits.add,
    "ingest sources add anthropic blog --kind page --url https://www.anthropic.com/blog "
    "--select entry=article --select title=h3 --select date=time --dry-run",
)
_add(_sources, edits.enable, "ingest sources enable openai/developers")
_add(_sources, edits.disable, "ingest sources disable openai/news --why 'moved; the new address is not known yet'")
app.add_typer(_sources, name="sources")
_add(app, serve.serve, "ingest serve 127.0.0.1:8080")
_add(app, demo.demo, "ingest demo", "ingest demo --serve 127.0.0.1:8080+")
_db = _group("The database: its schema and its guards.")
_add(_db, db.upgrade, "ingest db upgrade")
_add(_db, db.current, "ingest db current --json")
_add(_db, db.check, "ingest db check")
app.add_typer(_db, name="db")
_add(app, settings.settings, "ingest settings", "ingest settings --json")


@cache
def _commands() -> Callable[..., object]:
    """Make the tree of commands out of their functions: once a process, because that takes 40 ms."""
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a command.

    Args:
        arguments: Without the program's name; those of the process if None.

    Returns:
        The exit status.
    """
    render.prepare_streams()
    try:
        _commands()(args=None if arguments is None else list(arguments), prog_name="ingest")
    except SystemExit as end:  # how typer ends, well or not
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except IngestError as error:
        render.note(f"Error: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # of what the library of the command line itself prints: help, the version
        if not render.is_of_output(error):
            raise
        render.note(f"Error: {render.lost(error)}")
        return OutputError.exit_status
    return 0
