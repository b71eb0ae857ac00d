"""`tiphys account`: local accounts, over the API."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import click

from tiphys.cli.flags import ArgocdCommand
from tiphys.cli.output import show_records
from tiphys.cli.remote.access import Remote, with_remote
from tiphys.cli.tables import table
from tiphys.delivery.passwords import hash_password
from tiphys.model.errors import InvalidInputError
from tiphys.settings.durations import parse_duration

_PATH = "/api/v1/account"
_output = click.option(
    "-o", "--output", type=click.Choice(["wide", "json", "yaml", "name"]), default="wide"
)


@click.group()
def account() -> None:
    """Manage local accounts."""


@account.command(cls=ArgocdCommand)
@click.option("--password", prompt=True, hide_input=True, help="else it is asked for")
def bcrypt(password: str) -> None:
    """Print the bcrypt hash of a password, as `argocd-secret` keeps it."""
    click.echo(asyncio.run(hash_password(password)))


@account.command(cls=ArgocdCommand, name="list")
@_output
@with_remote()
def list_accounts(remote: Remote, output: str) -> None:
    """List the accounts that you may see.

    \b
    Examples:
      tiphys account list
      tiphys account list -o name
    """
    found: list[dict[str, Any]] = remote.call("GET", _PATH).get("items") or []
    if output == "name":
        click.echo("\n".join(item["name"] for item in found))
        return
    rows = [
        (item["name"], item.get("enabled", False), ", ".join(item.get("capabilities") or ()))
        for item in found
    ]
    show_records(found, output, table(("NAME", "ENABLED", "CAPABILITIES"), rows))


@account.command(cls=ArgocdCommand, name="get")
@click.option("-a", "--account", "name", default="", help="Name; else your own")
@_output
@with_remote()
def get_account(remote: Remote, name: str, output: str) -> None:
    """Show an account and its tokens.

    \b
    Examples:
      tiphys account get
      tiphys account get --account ci
    """
    found = remote.call("GET", _of(remote, name))
    lines = [
        f"Name:         {found['name']}",
        f"Enabled:      {str(found.get('enabled', False)).lower()}",
        f"Capabilities: {', '.join(found.get('capabilities') or ())}",
        "",
        "Tokens:",
    ]
    tokens = found.get("tokens") or []
    rows = [(t["id"], _moment(t.get("issuedAt")), _moment(t.get("expiresAt"))) for t in tokens]
    text = table(("ID", "ISSUED AT", "EXPIRES AT"), rows) if rows else "none"
    show_records([found], output, "\n".join([*lines, text]))


def _moment(seconds: Any) -> str:
    if not seconds:
        return "never"
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@account.command(cls=ArgocdCommand, name="get-user-info")
@_output
@with_remote()
def get_user_info(remote: Remote, output: str) -> None:
    """Show who you are at the server.

    \b
    Examples:
      tiphys account get-user-info
      tiphys account get-user-info -o json
    """
    found = remote.call("GET", "/api/v1/session/userinfo")
    lines = [f"Logged In: {str(found.get('loggedIn', False)).lower()}"]
    if found.get("loggedIn"):
        lines.append(f"Username: {found.get('username', '')}")
        lines.append(f"Issuer: {found.get('iss', '')}")
        lines.append(f"Groups: {','.join(found.get('groups') or ())}")
    show_records([found], output, "\n".join(lines))


@account.command(cls=ArgocdCommand, name="can-i")
@click.argument("action")
@click.argument("resource")
@click.argument("subresource")
@with_remote()
def can_i(remote: Remote, action: str, resource: str, subresource: str) -> None:
    """Say whether you may do something: yes or no.

    \b
    Examples:
      tiphys account can-i sync applications 'default/*'
      tiphys account can-i get clusters https://kubernetes.default.svc
    """
    place = "/".join(quote(part, safe="") for part in (resource, action))
    click.echo(remote.call("GET", f"{_PATH}/can-i/{place}/{quote(subresource)}")["value"])


@account.command(cls=ArgocdCommand, name="update-password")
@click.option("--account", "name", default="", help="Account to change; else your own")
@click.option("--current-password", default="", help="Your own password; else it is asked for")
@click.option("--new-password", default="", help="New password; else it is asked for")
@with_remote()
def update_password(remote: Remote, name: str, current_password: str, new_password: str) -> None:
    """Change a password; sessions that began before end.

    \b
    Examples:
      tiphys account update-password
      tiphys account update-password --account ci
    """
    asked = current_password or click.prompt("Your own password", hide_input=True, err=True)
    wanted = new_password or click.prompt(
        "New password", hide_input=True, confirmation_prompt=True, err=True
    )
    body = {"name": name, "currentPassword": asked, "newPassword": wanted}
    remote.call("PUT", f"{_PATH}/password", body)
    click.echo("Password updated")


@account.command(cls=ArgocdCommand, name="generate-token")
@click.option("-a", "--account", "name", default="", help="Account; else your own")
@click.option("-e", "--expires-in", default="0s", show_default=True, help="Duration; 0s for never")
@click.option("--id", "token_id", default="", help="Name of the token; else one is made")
@with_remote()
def generate_token(remote: Remote, name: str, expires_in: str, token_id: str) -> None:
    """Make an API token, and print it: it is shown this once.

    \b
    Examples:
      tiphys account generate-token --account ci
      tiphys account generate-token --account ci --expires-in 720h
    """
    seconds = int(parse_duration(expires_in, where="--expires-in"))
    body = {"name": name, "id": token_id, "expiresIn": seconds}
    click.echo(remote.call("POST", f"{_of(remote, name)}/token", body)["token"])


@account.command(cls=ArgocdCommand, name="delete-token")
@click.argument("token_id", metavar="ID")
@click.option("-a", "--account", "name", default="", help="Account; else your own")
@with_remote()
def delete_token(remote: Remote, token_id: str, name: str) -> None:
    """Withdraw an API token.

    \b
    Examples:
      tiphys account delete-token 7f1c
      tiphys account delete-token --account ci 7f1c
    """
    remote.call("DELETE", f"{_of(remote, name)}/token/{quote(token_id, safe='')}")
    click.echo(f"Token '{token_id}' deleted")


@account.command(cls=ArgocdCommand, name="session-token")
@with_remote()
def session_token(remote: Remote) -> None:
    """Print the token of the current session.

    \b
    Examples:
      tiphys account session-token
      curl -H "Authorization: Bearer $(tiphys account session-token)" http://127.0.0.1:7480/api/version
    """
    if not remote.target.token:
        raise InvalidInputError("there is no session", hint="Log in with `tiphys login SERVER`.")
    click.echo(remote.target.token)


def _of(remote: Remote, name: str) -> str:
    """Return the path of an account; of one's own without a name."""
    if not name:
        name = str(remote.call("GET", "/api/v1/session/userinfo").get("username") or "")
    if not name:
        raise InvalidInputError("there is no session", hint="Log in with `tiphys login SERVER`.")
    return f"{_PATH}/{quote(name, safe='')}"
