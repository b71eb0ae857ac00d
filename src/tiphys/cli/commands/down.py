"""`tiphys down` and `reset`: the end of what `up` started; they load no more than that takes."""

import shutil

import click

from tiphys.cli import processes
from tiphys.cli.workplace import Workplace


@click.command()
def down() -> None:
    """Stop what `up` started; the next `up` finds everything again."""
    click.echo("stopped" if _stop(Workplace.current()) else "nothing was running")


@click.command()
def reset() -> None:
    """Stop, and delete all that `up` made."""
    place = Workplace.current()
    _stop(place)
    shutil.rmtree(place.home, ignore_errors=True)
    click.echo(f"deleted {place.home}")


def _stop(place: Workplace) -> bool:
    # tiphys first: it would complain of a cluster that went away.
    return any([processes.stop(place.tiphys_pid), processes.stop(place.sandbox_pid)])
