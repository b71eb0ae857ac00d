"""`tiphys admin initial-password`: the administrator's first password, and a new one."""

import click

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand
from tiphys.delivery.accounts import ARGOCD_SECRET
from tiphys.delivery.clock import system_clock, timestamp
from tiphys.delivery.first_start import INITIAL_SECRET
from tiphys.delivery.passwords import generate_password, hash_password
from tiphys.delivery.writing import SECRET, update_secret
from tiphys.kube.client import KubeClient
from tiphys.model.errors import NotFoundError
from tiphys.settings.accounts import ADMIN, secret_keys
from tiphys.settings.secrets import decode_secret


@click.group("initial-password", invoke_without_command=True)
@with_access
def initial_password(access: Access) -> None:
    """Print the administrator's first password."""
    context = click.get_current_context()
    context.obj = access
    if context.invoked_subcommand is not None:
        return

    async def read(client: KubeClient) -> str:
        secret = await client.get(SECRET, access.namespace, INITIAL_SECRET)
        if secret is None:
            raise NotFoundError(
                "the first password is not shown any more",
                where=f"Secret/{access.namespace}/{INITIAL_SECRET}",
                hint="Set a new one with `tiphys admin initial-password reset`.",
            )
        return decode_secret(secret).get("password", "")

    click.echo(access.run(read))
    click.echo(
        "\nThis password must be only used for first time login. "
        "Change it, and delete the Secret that it stands in.",
        err=True,
    )


@initial_password.command(cls=ArgocdCommand)
@click.pass_obj
def reset(access: Access) -> None:
    """Give the administrator a new password, and print it.

    Sessions of the administrator end.
    """

    async def renew(client: KubeClient) -> str:
        password = generate_password()
        hashed, keys = await hash_password(password), secret_keys(ADMIN)

        def change(data: dict[str, str]) -> None:
            data[keys.password] = hashed
            data[keys.changed_at] = timestamp(system_clock())

        def show(data: dict[str, str]) -> None:
            data["password"] = password

        await update_secret(client, access.namespace, ARGOCD_SECRET, change)
        await update_secret(client, access.namespace, INITIAL_SECRET, show)
        return password

    click.echo(access.run(renew))
