"""The flags of `app sync`, as a request."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import click

from tiphys.cli.flags import with_options
from tiphys.delivery.requests import SyncRequest
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest

_OPTIONS = (
    click.option("--revision", default="", help="sync to this instead of the target revision"),
    click.option("--revisions", multiple=True, help="one for each --source-positions"),
    click.option("--source-positions", multiple=True, type=int, help="of sources, from 1"),
    click.option("--source-names", multiple=True, help="of sources, instead of positions"),
    click.option("--prune", is_flag=True, help="delete what left Git"),
    click.option("--dry-run", is_flag=True, help="only tell what it would do"),
    click.option("--force", is_flag=True, help="delete and create what cannot be changed"),
    click.option("--replace", is_flag=True, help="replace instead of apply"),
    click.option("--server-side", is_flag=True, help="always so here; for users of argocd"),
    click.option("--apply-out-of-sync-only", is_flag=True, help="leave alone what is Synced"),
    click.option("--strategy", type=click.Choice(["apply", "hook"]), help="apply runs no hooks"),
    click.option(
        "--resource", "resource", multiple=True, help="only [!]GROUP:KIND:[NAMESPACE/]NAME, globs"
    ),
    click.option("--info", multiple=True, help="name=value, kept with the operation"),
    click.option("--retry-limit", type=int, help="how often to try again; negative without end"),
    click.option("--retry-backoff-duration", default="5s", show_default=True),
    click.option("--retry-backoff-factor", default=2, show_default=True),
    click.option("--retry-backoff-max-duration", default="3m", show_default=True),
    click.option("--retry-refresh", is_flag=True, help="try again with the newest revision"),
)
_SWITCHED_OPTIONS = {
    "replace": "Replace=true",
    "server_side": "ServerSideApply=true",
    "apply_out_of_sync_only": "ApplyOutOfSyncOnly=true",
}


with_sync_flags = with_options(_OPTIONS)
"""Gives a command the flags that say how to sync."""


def sync_request(flags: dict[str, Any]) -> SyncRequest:
    """Return what the flags ask for.

    Raises:
        InvalidInputError: a resource or an info is misspelt.
    """
    revision = (flags["revision"],) if flags["revision"] else ()
    return SyncRequest(
        revisions=flags["revisions"] or revision,
        positions=flags["source_positions"],
        names=flags["source_names"],
        prune=flags["prune"],
        dry_run=flags["dry_run"],
        force=flags["force"],
        strategy=flags["strategy"] or "hook",
        resources=tuple(map(parse_resource, flags["resource"])),
        sync_options=tuple(text for name, text in _SWITCHED_OPTIONS.items() if flags[name]),
        retry=_retry(flags),
        info=tuple(map(_info, flags["info"])),
    )


def _retry(flags: dict[str, Any]) -> dict[str, Any] | None:
    if flags["retry_limit"] is None:
        return None
    return {
        "limit": flags["retry_limit"],
        "backoff": {
            "duration": flags["retry_backoff_duration"],
            "factor": flags["retry_backoff_factor"],
            "maxDuration": flags["retry_backoff_max_duration"],
        },
        **({"refresh": True} if flags["retry_refresh"] else {}),
    }


def _info(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InvalidInputError(f"`{text}` is not of the form name=value", where="--info")
    return name, value


def parse_resource(text: str) -> dict[str, Any]:
    """Return the selector of a sync operation that `[!]GROUP:KIND:[NAMESPACE/]NAME` spells.

    Raises:
        InvalidInputError: it has another form.
    """
    is_excluded = text.startswith("!")
    parts = text.removeprefix("!").split(":")
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise InvalidInputError(
            f"`{text}` is not of the form GROUP:KIND:NAME",
            where="--resource",
            hint="Leave the group of core kinds empty: `:Service:web`, `apps:Deployment:web`.",
        )
    namespace, _, name = parts[2].rpartition("/")
    selector: dict[str, Any] = {"group": parts[0], "kind": parts[1], "name": name}
    if namespace:
        selector["namespace"] = namespace
    if is_excluded:
        selector["exclude"] = True
    return selector


def chosen_rows(app: Manifest, selectors: Iterable[dict[str, Any]]) -> list[Manifest] | None:
    """Return the rows of `status.resources` that selectors pick; None when there are none."""
    wanted = list(selectors)
    if not wanted:
        return None
    rows: list[Manifest] = (app.get("status") or {}).get("resources") or []
    return [row for row in rows if _is_chosen(row, wanted)]


def _is_chosen(row: Manifest, selectors: list[dict[str, Any]]) -> bool:
    excluded = [s for s in selectors if s.get("exclude")]
    included = [s for s in selectors if not s.get("exclude")]
    if any(_matches(row, selector) for selector in excluded):
        return False
    return not included or any(_matches(row, selector) for selector in included)


def _matches(row: Manifest, selector: dict[str, Any]) -> bool:
    return all(
        fnmatchcase(row.get(field, ""), selector[field])
        for field in ("group", "kind", "namespace", "name")
        if field in selector
    )
