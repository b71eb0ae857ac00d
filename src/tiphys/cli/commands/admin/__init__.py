"""`tiphys admin`: an installation as a whole."""

import click

from tiphys.cli.commands.admin.backup import export_backup, import_backup


@click.group()
def admin() -> None:
    """Back up and restore an installation."""


for _command in (export_backup, import_backup):
    admin.add_command(_command)
