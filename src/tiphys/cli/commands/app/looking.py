"""What several commands do with an Application that they look into."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import click

from tiphys.cli.access import Access
from tiphys.cli.drift_text import drift_lines
from tiphys.cli.flags import with_options
from tiphys.delivery.requests import chosen_revisions
from tiphys.kube.client import KubeClient
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest

if TYPE_CHECKING:
    from tiphys.cli.inspection import Inspection

with_revision_flags = with_options(
    (
        click.option("--revision", default="", help="instead of the target revision"),
        click.option("--revisions", multiple=True, help="one for each source that is named"),
        click.option("--source-positions", multiple=True, type=int, help="of sources, from 1"),
        click.option("--source-names", multiple=True, help="of sources, instead of positions"),
    )
)
"""Gives a command the flags that name revisions."""


def wanted_revisions(app: Manifest, flags: dict[str, Any]) -> list[str]:
    """Return a revision for each source of an Application, none when the flags name none.

    Raises:
        InvalidInputError: the flags do not fit the Application's sources.
    """
    positions, names = flags["source_positions"], flags["source_names"]
    if positions or names or flags["revisions"]:
        return chosen_revisions(app, flags["revisions"], positions, names)
    if not flags["revision"]:
        return []
    if len(app["spec"].get("sources") or []) > 1:
        raise InvalidInputError(
            "the application has several sources, a revision needs the position of its own",
            where=str(app["metadata"]["name"]),
            hint="Name both: --revisions REVISION --source-positions 1.",
        )
    return [flags["revision"]]


def inspecting(
    access: Access, client: KubeClient, manifest: Manifest
) -> AbstractAsyncContextManager["Inspection"]:
    """Open an Application to look into it."""
    # Only what renders and compares pays for loading that.
    from tiphys.cli.inspection import inspect  # noqa: PLC0415

    return inspect(access.config, client, access.namespace, manifest)


async def differences(
    access: Access, client: KubeClient, manifest: Manifest, revisions: list[str]
) -> list[str]:
    """Return, as lines to print, where live differs from Git."""
    async with inspecting(access, client, manifest) as inspection:
        compared = await inspection.compare(revisions)
        return drift_lines(compared.comparisons, inspection.sensitive_annotations)
