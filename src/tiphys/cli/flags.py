"""Flags as users of `argocd` type them."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import click

from tiphys.model.errors import TiphysError

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_ASSIGNED = re.compile(r"(--[a-z][a-z-]*)=(true|false)")


class ArgocdCommand(click.Command):
    """A command whose switches may also be written `--prune=true` and `--cascade=false`.

    Attributes:
        misuse_code: the exit code when what was typed cannot be understood.
        failure_code: the exit code when what was asked for fails.
    """

    misuse_code = 1
    failure_code = 20

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what was typed."""
        switches = {
            spelled: option.secondary_opts
            for option in self.params
            if isinstance(option, click.Option) and option.is_flag
            for spelled in option.opts
        }
        return super().parse_args(ctx, [a for arg in args for a in _plain(arg, switches)])


def _plain(argument: str, switches: dict[str, list[str]]) -> list[str]:
    """Return the arguments that mean the same in the way of this parser."""
    assigned = _ASSIGNED.fullmatch(argument)
    if assigned is None or assigned[1] not in switches:
        return [argument]
    if assigned[2] == "true":
        return [assigned[1]]
    return switches[assigned[1]][:1]


class ArgocdDiff(ArgocdCommand):
    """A command whose exit code 1 means differences, so that no failure may end with it."""

    misuse_code = failure_code = 2

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except TiphysError as err:
            click.echo(f"error: {err}", err=True)
            raise click.exceptions.Exit(self.failure_code) from None


class ArgocdGroup(click.Group):
    """A group of such commands."""

    command_class = ArgocdCommand


def with_options(options: Sequence[_Decorator]) -> _Decorator:
    """Give a command several options at once, in their order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def misuse_code(error: click.UsageError) -> int:
    """Return the exit code for something that was typed and cannot be understood."""
    return getattr(error.cmd, "misuse_code", ArgocdCommand.misuse_code)


def output_option(
    *more: str, default: str = "wide"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the decorator of `-o`."""
    choices = click.Choice(["wide", "json", "yaml", "name", *more])
    return click.option("-o", "--output", type=choices, default=default, show_default=True)
