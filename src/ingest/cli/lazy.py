"""Groups of lazily loaded commands. The module of a command is imported when the command runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

COMMANDS: Final = "ingest.cli.commands"
"""The package of the commands' modules."""


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """
    One command in the table.

    Args:
        place: Module and function, `module:function`.
        summary: The first line of the function's docstring, for the help of the group.
        examples: Command lines for the help of the command.
    """

    place: str
    summary: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """
    One group in the table.

    Args:
        summary: Its help.
        commands: Its commands by name.
        default: The command of arguments without a command's name, if there is one.
    """

    summary: str
    commands: Mapping[str, CommandEntry]
    default: str | None = None


class _Loaded(MutableMapping[str, "Command"]):
    """The commands of a table by name. Each is made on its first use."""

    def __init__(self, table: Mapping[str, CommandEntry | GroupEntry]) -> None:
        self._table = table
        self._commands: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self._commands:
            self._commands[name] = _make(name, self._table[name])
        return self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __setitem__(self, name: str, command: Command) -> None:
        raise TypeError("the table of commands is fixed.")

    def __delitem__(self, name: str) -> None:
        raise TypeError("the table of commands is fixed.")


class LazyGroup(TyperGroup):
    """A group with its commands in a table. It loads a command only to run it or to show its help."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - the arguments of the library's class
        super().__init__(**attributes)
        self.default: str | None = None
        self.table: Mapping[str, CommandEntry | GroupEntry] = {}

    def fill(self, table: Mapping[str, CommandEntry | GroupEntry], *, default: str | None = None) -> LazyGroup:
        """Set the commands, and return the group."""
        self.table, self.default = table, default
        self.commands = _Loaded(table)
        return self

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put the default command before arguments without a command's name."""
        if self.default and args and args[0] not in {*self.table, *self.get_help_option_names(ctx)}:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """List the commands with their summaries, without loading one."""
        summaries: dict[str, Command] = {
            name: TyperCommand(name, help=entry.summary) for name, entry in self.table.items()
        }
        TyperGroup(commands=summaries).format_commands(ctx, formatter)


def function_of(entry: CommandEntry) -> Callable[..., None]:
    """Import the module of a command, and return its function."""
    module, _, name = entry.place.partition(":")
    function: Callable[..., None] = getattr(import_module(f"{COMMANDS}.{module}"), name)
    return function


def _make(name: str, entry: CommandEntry | GroupEntry) -> Command:
    if isinstance(entry, GroupEntry):
        group = LazyGroup(name=name, help=entry.summary, no_args_is_help=True, rich_markup_mode=None)
        return group.fill(entry.commands, default=entry.default)
    shown = "\n".join(f"  {example}" for example in entry.examples)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, epilog=f"\b\nExample:\n{shown}")(function_of(entry))
    return typer.main.get_command(alone)
