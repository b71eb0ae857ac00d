"""The entry point: finds the command, turns errors into one line and an exit code."""

import importlib
import os
import sys

import click

from tiphys.cli.flags import ArgocdCommand, misuse_code
from tiphys.model.errors import TiphysError

_COMMANDS = {
    "account": ("tiphys.cli.commands.account", "account", "manage local accounts"),
    "admin": (
        "tiphys.cli.commands.admin",
        "admin",
        "back up, restore and look into an installation",
    ),
    "app": ("tiphys.cli.commands.app", "app", "list, show, compare and sync Applications"),
    "cluster": ("tiphys.cli.commands.cluster", "cluster", "add, list and remove clusters"),
    "context": ("tiphys.cli.commands.session", "context", "list servers, or switch to one"),
    "down": ("tiphys.cli.commands.down", "down", "stop what `up` started; keep its state"),
    "login": ("tiphys.cli.commands.session", "login", "log in to a server"),
    "logout": ("tiphys.cli.commands.session", "logout", "end the session at a server"),
    "proj": ("tiphys.cli.commands.proj", "proj", "create, list and show projects"),
    "relogin": ("tiphys.cli.commands.session", "relogin", "log in again"),
    "repo": ("tiphys.cli.commands.repo", "repo", "add, list and remove repositories"),
    "repocreds": (
        "tiphys.cli.commands.repocreds",
        "repocreds",
        "add, list and remove credentials for many repositories",
    ),
    "reset": ("tiphys.cli.commands.down", "reset", "stop, and delete all that `up` made"),
    "run": ("tiphys.cli.commands.run", "run", "run the controller and the server"),
    "sandbox": (
        "tiphys.cli.commands.sandbox",
        "sandbox",
        "run an embedded cluster to try and test",
    ),
    "version": ("tiphys.cli.commands.session", "version", "print the versions"),
    "up": ("tiphys.cli.commands.up", "up", "start a sandbox with a demo, and deploy it"),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, None when there is no such command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in sorted(_COMMANDS.items())])


@click.group(cls=LazyGroup)
@click.version_option(package_name="tiphys")
@click.option("--kube-context", default="", help="for all commands; else each may name its own")
@click.option("--core", is_flag=True, hidden=True, help="as in argocd; always so here")
@click.pass_context
def cli(ctx: click.Context, kube_context: str, core: bool) -> None:
    """GitOps continuous delivery for Kubernetes."""
    del core
    ctx.obj = kube_context


def main() -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.UsageError as err:
        err.show()
        code = misuse_code(err)
    except click.ClickException as err:
        err.show()
        code = err.exit_code
    except TiphysError as err:
        click.echo(f"error: {err}", err=True)
        code = ArgocdCommand.failure_code
    except BrokenPipeError:
        # The reader of a pipe went away; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
