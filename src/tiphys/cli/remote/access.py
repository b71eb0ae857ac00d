"""Which server a command talks to: the options that all commands over the API have."""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from tiphys.cli.remote.client import ApiClient, Target, connected
from tiphys.cli.remote.configuration import (
    Configuration,
    Named,
    configuration_file,
    read_configuration,
    write_configuration,
)
from tiphys.model.errors import InvalidInputError

_T = TypeVar("_T")
_OPTIONS = (
    click.option("--server", default="", help="Address of the server; else of the context"),
    click.option("--auth-token", default="", help="Token to use instead of the session's"),
    click.option("--config", type=click.Path(path_type=Path), help="File of servers and sessions"),
    click.option("--argocd-context", "context", default="", help="Context to use"),
    click.option("--insecure", is_flag=True, help="Do not check the server's certificate"),
    click.option("--plaintext", is_flag=True, help="Do not use TLS"),
    click.option("-H", "--header", multiple=True, help="NAME: VALUE, sent with each request"),
)


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """The server of a command, and the file that remembers it."""

    target: Target
    file: Path
    configuration: Configuration
    context: Named | None = None

    def run(self, act: Callable[[ApiClient], Awaitable[_T]]) -> _T:
        """Do something with a client of the server."""

        async def working() -> _T:
            async with connected(self.target) as client:
                return await act(client)

        return asyncio.run(working())

    def call(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        """Send one request and return what comes back."""
        return self.run(lambda client: client.call(method, path, body, **query))

    def save(self, configuration: Configuration) -> None:
        """Remember servers and sessions."""
        write_configuration(self.file, configuration)


def with_remote(*, needs_server: bool = True) -> Callable[..., Callable[..., Any]]:
    """Return the decorator that gives a command the options of a server, and the server first."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapped(*args: Any, **given: Any) -> Any:
            names = (
                "server", "auth_token", "config", "context", "insecure", "plaintext", "header",
            )  # fmt: skip
            told = {name: given.pop(name) for name in names}
            remote = _remote(told)
            if needs_server and not remote.target.server:
                raise InvalidInputError(
                    "no server is known",
                    hint="Log in with `tiphys login SERVER`, or name one with --server.",
                )
            return command(remote, *args, **given)

        for option in reversed(_OPTIONS):
            wrapped = option(wrapped)
        return wrapped

    return decorate


def _remote(told: dict[str, Any]) -> Remote:
    file = told["config"] or configuration_file()
    configuration = read_configuration(file)
    context = configuration.context(told["context"])
    if told["context"] and context is None:
        raise InvalidInputError(f"there is no context `{told['context']}`", where=str(file))
    address = told["server"] or os.environ.get("ARGOCD_SERVER", "")
    if not address and context is not None:
        address = context.server
    known = configuration.server(address)
    session = configuration.user(context.user) if context and context.server == address else None
    token = told["auth_token"] or os.environ.get("ARGOCD_AUTH_TOKEN", "")
    return Remote(
        target=Target(
            server=address,
            token=token or (session.auth_token if session is not None else ""),
            insecure=told["insecure"] or (known is not None and known.insecure),
            plain_text=told["plaintext"] or (known is not None and known.plain_text),
            headers=_headers(told["header"]),
        ),
        file=file,
        configuration=configuration,
        context=context,
    )


def _headers(texts: tuple[str, ...]) -> dict[str, str]:
    headers = {}
    for text in texts:
        name, separator, value = text.partition(":")
        if not separator:
            raise InvalidInputError(f"expected NAME: VALUE, got `{text[:64]}`", where="--header")
        headers[name.strip()] = value.strip()
    return headers
