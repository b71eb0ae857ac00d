"""`tiphys login|logout|relogin|context|version`: sessions at servers."""

import contextlib
from importlib.metadata import version as installed_version
from typing import Any

import click
import msgspec

from tiphys.cli.flags import ArgocdCommand
from tiphys.cli.output import show_records
from tiphys.cli.remote.access import Remote, with_remote
from tiphys.cli.remote.client import Target
from tiphys.cli.remote.configuration import Named, Server
from tiphys.cli.tables import table
from tiphys.model.errors import InvalidInputError, TiphysError


@click.command(cls=ArgocdCommand)
@click.argument("address", metavar="SERVER")
@click.option("--username", default="", help="Account; else it is asked for")
@click.option("--password", default="", help="Its password; else it is asked for")
@click.option("--name", default="", help="Name of the context; else the server's address")
@with_remote(needs_server=False)
def login(remote: Remote, address: str, username: str, password: str, name: str) -> None:
    """Log in to a server, and make it the current one.

    \b
    Examples:
      tiphys login localhost:8080 --username admin
      tiphys login 127.0.0.1:7480 --plaintext --username admin
    """
    target = msgspec.structs.replace(remote.target, server=_host(address), token="")
    if address.startswith("http://"):
        target = msgspec.structs.replace(target, plain_text=True)
    _log_in(msgspec.structs.replace(remote, target=target), name, username, password)


@click.command(cls=ArgocdCommand)
@click.option("--password", default="", help="Password; else it is asked for")
@with_remote()
def relogin(remote: Remote, password: str) -> None:
    """Log in again where the current context points.

    \b
    Examples:
      tiphys relogin
      tiphys relogin --argocd-context production
    """
    if remote.context is None:
        raise InvalidInputError("there is no context", hint="Log in with `tiphys login SERVER`.")
    user = _username(remote) or click.prompt("Username", err=True)
    _log_in(remote, remote.context.name, user, password)


def _username(remote: Remote) -> str:
    with contextlib.suppress(TiphysError):
        return str(remote.call("GET", "/api/v1/session/userinfo").get("username", ""))
    return ""


def _log_in(remote: Remote, name: str, username: str, password: str) -> None:
    username = username or click.prompt("Username", err=True)
    password = password or click.prompt("Password", hide_input=True, err=True)
    body = {"username": username, "password": password}
    target: Target = msgspec.structs.replace(remote.target, token="")
    asking = msgspec.structs.replace(remote, target=target)
    token = str(asking.call("POST", "/api/v1/session", body)["token"])
    called = name or target.server
    server = Server(server=target.server, insecure=target.insecure, plain_text=target.plain_text)
    context = Named(name=called, server=target.server, user=called)
    remote.save(remote.configuration.logged_in(context, server, token))
    click.echo(f"'{username}' logged in successfully")
    click.echo(f"Context '{called}' updated")


def _host(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://").rstrip("/")


@click.command(cls=ArgocdCommand)
@click.argument("name", metavar="CONTEXT")
@with_remote(needs_server=False)
def logout(remote: Remote, name: str) -> None:
    """Forget the session of a context, and end it at the server where that answers.

    \b
    Examples:
      tiphys logout localhost:8080
      tiphys logout production
    """
    context = remote.configuration.context(name)
    if context is None or (user := remote.configuration.user(context.user)) is None:
        raise InvalidInputError(f"there is no session of a context `{name}`")
    known = remote.configuration.server(context.server) or Server(server=context.server)
    target = Target(
        server=context.server,
        insecure=known.insecure,
        plain_text=known.plain_text,
        headers={"Cookie": f"argocd.token={user.auth_token}"},
    )
    ending = msgspec.structs.replace(remote, target=target)
    with contextlib.suppress(TiphysError):  # it redirects to a page, which is no answer for us
        ending.call("GET", "/auth/logout")
    remote.save(remote.configuration.logged_out(user.name))
    click.echo(f"Logged out from '{name}'")


@click.command(cls=ArgocdCommand)
@click.argument("name", required=False, metavar="[CONTEXT]")
@click.option("--delete", is_flag=True, help="Forget the context")
@with_remote(needs_server=False)
def context(remote: Remote, name: str | None, delete: bool) -> None:
    """List the contexts, or switch to one.

    \b
    Examples:
      tiphys context
      tiphys context production
    """
    known = remote.configuration
    if name is None:
        rows = [
            ("*" if found.name == known.current_context else "", found.name, found.server)
            for found in known.contexts
        ]
        click.echo(table(("CURRENT", "NAME", "SERVER"), rows))
        return
    found = known.context(name)
    if found is None:
        raise InvalidInputError(f"there is no context `{name}`", where=str(remote.file))
    if delete:
        remote.save(known.without(found))
        click.echo(f"Context '{name}' deleted")
        return
    remote.save(msgspec.structs.replace(known, current_context=name))
    click.echo(f"Switched to context '{name}'")


@click.command(cls=ArgocdCommand)
@click.option("--client", "is_client", is_flag=True, help="Do not ask the server")
@click.option("--short", is_flag=True, help="Print the versions alone")
@click.option(
    "-o", "--output", type=click.Choice(["wide", "json", "yaml", "short"]), default="wide"
)
@with_remote(needs_server=False)
def version(remote: Remote, is_client: bool, short: bool, output: str) -> None:
    """Print the version of the command line, and of the server.

    \b
    Examples:
      tiphys version
      tiphys version --client -o json
    """
    found: dict[str, Any] = {"client": {"Version": f"v{installed_version('tiphys')}"}}
    if not is_client and remote.target.server:
        found["server"] = remote.call("GET", "/api/version")
    if output in {"json", "yaml"}:
        show_records([found], output, "")
        return
    lines = [f"tiphys: {found['client']['Version']}"]
    server = found.get("server", {})
    if server:
        lines.append(f"tiphys-server: {server.get('Version', '')}")
        hidden = () if short or output == "short" else ("Platform", "Compiler", "ExtraBuildInfo")
        lines += [f"  {name}: {server[name]}" for name in hidden if server.get(name)]
    click.echo("\n".join(lines))
