"""`tiphys admin notifications`: tries triggers and templates, and shows what became of messages."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
import msgspec

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand
from tiphys.cli.notifying import Files, Notifications, notifications_of
from tiphys.cli.output import show_records
from tiphys.cli.tables import table
from tiphys.kube.client import KubeClient
from tiphys.model.errors import NotFoundError

_T = TypeVar("_T")
_OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Choice(["name", "wide", "json", "yaml"]),
    default="wide",
    show_default=True,
)
_FILES = (
    click.option("--config-map", default="", help="file with argocd-notifications-cm"),
    click.option(
        "--secret", default="", help="file with argocd-notifications-secret; :empty for none"
    ),
)


@click.group()
def notifications() -> None:
    """Try triggers and templates, and see what became of messages."""


@notifications.group()
def template() -> None:
    """Show templates, and send one."""


@notifications.group()
def trigger() -> None:
    """Show triggers, and run one."""


def _with_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name files, as its second argument."""

    @functools.wraps(command)
    def wrapped(access: Access, config_map: str, secret: str, **given: Any) -> Any:
        return command(access, Files(config_map, secret), **given)

    for option in reversed(_FILES):
        wrapped = option(wrapped)
    return with_access(wrapped)


def _run(access: Access, files: Files, act: Callable[[Notifications], Awaitable[_T]]) -> _T:
    async def run(client: KubeClient) -> _T:
        async with notifications_of(client, access.namespace, files) as found:
            for problem in found.configuration.problems:
                click.echo(f"warning: {problem}", err=True)
            return await act(found)

    return access.run(run)


@template.command("get", cls=ArgocdCommand)
@click.argument("name", required=False)
@_OUTPUT
@_with_files
def template_get(access: Access, files: Files, name: str | None, output: str) -> None:
    """Show one template, or all of them."""

    async def act(found: Notifications) -> list[dict[str, Any]]:
        return [
            {"name": key, **value.body}
            for key, value in sorted(found.configuration.templates.items())
        ]

    records = _chosen(_run(access, files, act), name, "template")
    rows = [(one["name"], " ".join(str(one.get("message", "")).split())[:80]) for one in records]
    _print(records, output, table(("NAME", "PREVIEW"), rows))


@trigger.command("get", cls=ArgocdCommand)
@click.argument("name", required=False)
@_OUTPUT
@_with_files
def trigger_get(access: Access, files: Files, name: str | None, output: str) -> None:
    """Show one trigger, or all of them."""

    async def act(found: Notifications) -> list[dict[str, Any]]:
        return [
            {"name": key, "conditions": msgspec.to_builtins(value.conditions)}
            for key, value in sorted(found.configuration.triggers.items())
        ]

    records = _chosen(_run(access, files, act), name, "trigger")
    rows = [
        (one["name"], ", ".join(condition.get("send", ())), condition.get("when", ""))
        for one in records
        for condition in one["conditions"]
    ]
    _print(records, output, table(("NAME", "TEMPLATE", "CONDITION"), rows))


@trigger.command("run", cls=ArgocdCommand)
@click.argument("name")
@click.argument("resource_name")
@_with_files
def trigger_run(access: Access, files: Files, name: str, resource_name: str) -> None:
    """Evaluate a trigger for an Application, by its name or from a file."""

    async def act(found: Notifications) -> list[tuple[str, str, str, str]]:
        verdicts = await found.run_trigger(name, found.application(resource_name))
        return [
            (one.condition.when, str(one.holds).lower(), one.once_per, one.problem)
            for one in verdicts
        ]

    rows = _run(access, files, act)
    click.echo(table(("CONDITION", "RESULT", "ONCE PER", "PROBLEM"), rows))


@template.command("notify", cls=ArgocdCommand)
@click.argument("name")
@click.argument("resource_name")
@click.option(
    "--recipient",
    multiple=True,
    default=("console:stdout",),
    show_default=True,
    help="SERVICE:RECIPIENT",
)
@_with_files
def template_notify(
    access: Access, files: Files, name: str, resource_name: str, recipient: tuple[str, ...]
) -> None:
    """Send a template about an Application, to this terminal unless told otherwise."""

    async def act(found: Notifications) -> list[str]:
        app = found.application(resource_name)
        return [await found.notify(name, app, one) for one in recipient]

    for where, text in zip(recipient, _run(access, files, act), strict=True):
        click.echo(text or f"sent to {where}")


@notifications.command("show", cls=ArgocdCommand)
@click.argument("app_name")
@click.option(
    "-o", "--output", type=click.Choice(["wide", "json", "yaml"]), default="wide", show_default=True
)
@_with_files
def show_application(access: Access, files: Files, app_name: str, output: str) -> None:
    """Show what an Application is subscribed to, what was sent when, and what failed why."""

    async def act(found: Notifications) -> list[dict[str, Any]]:
        return [
            dict(msgspec.to_builtins(row))
            for row in await found.summary(found.application(app_name))
        ]

    records = _run(access, files, act)
    rows = [
        (
            one["trigger"],
            f"{one['service']}:{one['recipient']}".rstrip(":"),
            str(one["holds"]).lower(),
            one["sentAt"] or "never",
            _failure(one) or one["problem"],
        )
        for one in records
    ]
    columns = ("TRIGGER", "RECIPIENT", "HOLDS", "SENT", "PROBLEM")
    show_records(records, output, table(columns, rows))


def _failure(row: dict[str, Any]) -> str:
    if not row["failedAt"]:
        return ""
    again = f"next try {row['nextTryAt']}" if row["nextTryAt"] else "given up"
    return f"{row['failedAt']}, attempt {row['attempts']}: {row['error']} ({again})"


def _chosen(records: list[dict[str, Any]], name: str | None, what: str) -> list[dict[str, Any]]:
    chosen = [one for one in records if name in {None, one["name"]}]
    if name is not None and not chosen:
        raise NotFoundError(f"{what} `{name}` is not configured")
    return chosen


def _print(records: list[dict[str, Any]], output: str, text: str) -> None:
    names = "\n".join(one["name"] for one in records)
    show_records(records, output, names if output == "name" else text)
