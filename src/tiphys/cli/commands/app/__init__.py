"""`tiphys app`: Applications, straight against Kubernetes."""

import click

from tiphys.cli.commands.app.edit import create, patch, set_spec, unset
from tiphys.cli.commands.app.operate import delete, rollback, sync, terminate_operation, wait
from tiphys.cli.commands.app.show import (
    diff,
    get,
    history,
    list_applications,
    manifests,
    resources,
)


@click.group()
def app() -> None:
    """Create, show, compare and sync Applications."""


for _command in (
    create,
    delete,
    diff,
    get,
    history,
    list_applications,
    manifests,
    patch,
    resources,
    rollback,
    set_spec,
    sync,
    terminate_operation,
    unset,
    wait,
):
    app.add_command(_command)
