"""`tiphys admin settings rbac`: try permissions, before or after they are in force."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
import yaml

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand
from tiphys.delivery.applications import decode_project
from tiphys.delivery.permissions import RBAC_CM
from tiphys.delivery.project_tokens import PROJECT
from tiphys.engine.rbac.decision import AccessPolicy
from tiphys.engine.rbac.parsing import Lines
from tiphys.engine.rbac.projects import project_lines
from tiphys.engine.rbac.rules import Rules
from tiphys.engine.rbac.vocabulary import ACTIONS, is_action
from tiphys.kube.client import KubeClient
from tiphys.model.errors import InvalidInputError, NotFoundError
from tiphys.model.identity import Identity
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.settings.rbac import ParsedRbac, parse_rbac

_CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
_SHORT = {
    "app": "applications", "application": "applications", "appset": "applicationsets",
    "applicationset": "applicationsets", "proj": "projects", "project": "projects",
    "cluster": "clusters", "repo": "repositories", "repository": "repositories",
    "account": "accounts", "cert": "certificates", "certificate": "certificates",
    "gpgkey": "gpgkeys", "key": "gpgkeys", "log": "logs", "extension": "extensions",
}  # fmt: skip
_policy_file = click.option(
    "--policy-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="policy in CSV, or a manifest of argocd-rbac-cm, in place of the cluster's",
)


@click.group()
def settings() -> None:
    """Look at the settings of an installation."""


@settings.group()
def rbac() -> None:
    """Try and check permissions."""


@rbac.command(cls=ArgocdCommand)
@click.argument("role")
@click.argument("action")
@click.argument("resource")
@click.argument("sub_resource", required=False, default="*")
@_policy_file
@click.option("--default-role", default=None, help="in place of `policy.default`")
@click.option("--strict/--no-strict", default=True, help="refuse words that no policy knows")
@click.option("-q", "--quiet", is_flag=True, help="say it by the exit code only")
@with_access
def can(access: Access, role: str, action: str, resource: str, **given: Any) -> int:
    """Say whether a role or user may do an action on a resource.

    Exits with 0 for yes and 1 for no. Without a policy file the roles of projects count too.
    """
    kind = _SHORT.get(resource, resource)
    if given["strict"]:
        _check_words(kind, action)
    parsed, projects = _read(access, given["policy_file"])
    config = parsed.config
    if given["default_role"] is not None:
        config = msgspec.structs.replace(config, default_role=given["default_role"])
    policy = AccessPolicy(config, projects.get)
    allowed = policy.allows(Identity(subject=role), kind, action, given["sub_resource"])
    if not given["quiet"]:
        click.echo("Yes" if allowed else "No")
    return 0 if allowed else 1


@rbac.command(cls=ArgocdCommand)
@_policy_file
@with_access
def validate(access: Access, policy_file: Path | None) -> int:
    """Check that permissions can be read, and warn of what is odd about them."""
    try:
        parsed, _ = _read(access, policy_file)
    except InvalidInputError as err:
        click.echo(f"Policy is not valid: {err}", err=True)
        return 1
    for warning in parsed.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo("Policy is valid.")
    return 0


def _check_words(resource: str, action: str) -> None:
    if resource not in ACTIONS:
        raise InvalidInputError(
            f"`{resource}` is not a resource of policies", hint=f"Use one of {', '.join(ACTIONS)}."
        )
    verb = action.partition("/")[0]
    if not is_action(action) or verb not in ACTIONS[resource]:
        known = ", ".join(ACTIONS[resource])
        raise InvalidInputError(
            f"`{action}` is not an action on {resource}", hint=f"Use one of {known}."
        )


def _read(access: Access, file: Path | None) -> tuple[ParsedRbac, dict[str, Rules]]:
    """Return the permissions of a file, or those of a cluster with its projects' roles."""
    if file is not None:
        return parse_rbac(_data_of(file.read_text())), {}

    async def read(client: KubeClient) -> tuple[Mapping[str, str], list[Manifest]]:
        stored = await client.get(_CONFIG_MAP, access.namespace, RBAC_CM)
        if stored is None:
            raise NotFoundError(
                f"there is no ConfigMap `{RBAC_CM}`", hint="Name a file with --policy-file."
            )
        return stored.get("data") or {}, await client.list(PROJECT, access.namespace)

    data, projects = access.run(read)
    parsed = parse_rbac(data)
    rules = {p["metadata"]["name"]: _rules_of(p, parsed) for p in projects}
    return parsed, rules


def _data_of(text: str) -> dict[str, str]:
    """Return the data of a manifest, or the text as a policy of its own."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        content = None
    if isinstance(content, dict) and content.get("kind") == "ConfigMap":
        return {str(name): str(value) for name, value in (content.get("data") or {}).items()}
    return {"policy.csv": text}


def _rules_of(project: Manifest, parsed: ParsedRbac) -> Rules:
    try:
        return Rules(project_lines(decode_project(project)), parsed.config.mode)
    except InvalidInputError as err:
        click.echo(f"warning: {err.line}", err=True)
        return Rules(Lines())
