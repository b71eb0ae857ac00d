"""`tiphys account`: local accounts."""

import asyncio

import click

from tiphys.cli.flags import ArgocdCommand
from tiphys.delivery.passwords import hash_password


@click.group()
def account() -> None:
    """Manage local accounts."""


@account.command(cls=ArgocdCommand)
@click.option("--password", prompt=True, hide_input=True, help="else it is asked for")
def bcrypt(password: str) -> None:
    """Print the bcrypt hash of a password, as `argocd-secret` keeps it."""
    click.echo(asyncio.run(hash_password(password)))
