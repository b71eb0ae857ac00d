"""`tiphys admin`: an installation as a whole."""

import click

from tiphys.cli.commands.admin.backup import export_backup, import_backup
from tiphys.cli.commands.admin.dex import dex
from tiphys.cli.commands.admin.notifications import notifications
from tiphys.cli.commands.admin.password import initial_password
from tiphys.cli.commands.admin.rbac import settings


@click.group()
def admin() -> None:
    """Back up, restore and look into an installation."""


for _command in (
    dex,
    export_backup,
    import_backup,
    initial_password,
    notifications,
    settings,
):
    admin.add_command(_command)
