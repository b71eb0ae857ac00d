"""Sync options: what the Application says, and what a resource says of itself.

Source: Argo CD user guide, "Sync Options".
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from tiphys.engine.hooks import words
from tiphys.model.keys import Manifest
from tiphys.model.labels import SYNC_OPTIONS

_PROPAGATIONS = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}


class PrunePolicy(StrEnum):
    """What becomes of an object that left Git, or whose Application is deleted."""

    ALLOWED = "true"
    KEPT = "false"
    CONFIRM = "confirm"


class SyncOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one Application, or of one resource of it.

    Attributes:
        server_side: None when nobody said anything, which is not the same as false.
        propagation: what becomes of dependents of pruned objects, as the API spells it.
    """

    validate: bool = True
    prune: PrunePolicy = PrunePolicy.ALLOWED
    delete: PrunePolicy = PrunePolicy.ALLOWED
    prune_last: bool = False
    propagation: str = "Foreground"
    replace: bool = False
    force: bool = False
    server_side: bool | None = None
    migrates: bool = True
    apply_out_of_sync_only: bool = False
    respect_ignore_differences: bool = False
    create_namespace: bool = False
    fail_on_shared_resource: bool = False
    skip_dry_run_on_missing_resource: bool = False

    @property
    def is_plain_apply(self) -> bool:
        """True for a server-side apply and nothing besides."""
        return self.validate and self.server_side is not False and not (self.replace or self.force)


def parse_options(options: Iterable[str]) -> SyncOptions:
    """Return what a list of `Name=value` says; later entries win, unknown ones are ignored."""
    given = dict(option.strip().partition("=")[::2] for option in options)
    return SyncOptions(
        validate=given.get("Validate") != "false",
        prune=_policy(given.get("Prune"), PrunePolicy.ALLOWED),
        delete=_policy(given.get("Delete"), PrunePolicy.ALLOWED),
        prune_last=given.get("PruneLast") == "true",
        propagation=_PROPAGATIONS.get(given.get("PrunePropagationPolicy", ""), "Foreground"),
        replace=given.get("Replace") == "true",
        force=given.get("Force") == "true",
        server_side=_tristate(given.get("ServerSideApply")),
        migrates=given.get("ClientSideApplyMigration") != "false",
        apply_out_of_sync_only=given.get("ApplyOutOfSyncOnly") == "true",
        respect_ignore_differences=given.get("RespectIgnoreDifferences") == "true",
        create_namespace=given.get("CreateNamespace") == "true",
        fail_on_shared_resource=given.get("FailOnSharedResource") == "true",
        skip_dry_run_on_missing_resource=given.get("SkipDryRunOnMissingResource") == "true",
    )


_POLICIES: Final = frozenset(PrunePolicy)


def resource_options(
    app: SyncOptions, target: Manifest | None, live: Manifest | None
) -> SyncOptions:
    """Return the options for one resource.

    Replace, Force and PruneLast may stand on the target or on the live object; what is pruned has
    no target, so for it the live object alone speaks.
    """
    own = _words(target if target is not None else live)
    either = {**_words(live), **_words(target)}
    server_side = _tristate(own.get("ServerSideApply"))
    return msgspec.structs.replace(
        app,
        validate=app.validate and own.get("Validate") != "false",
        prune=_policy(own.get("Prune"), app.prune),
        delete=_policy(own.get("Delete"), app.delete),
        prune_last=app.prune_last or _words(live).get("PruneLast") == "true",
        replace=app.replace or either.get("Replace") == "true",
        force=app.force or either.get("Force") == "true",
        server_side=app.server_side if server_side is None else server_side,
        skip_dry_run_on_missing_resource=app.skip_dry_run_on_missing_resource
        or own.get("SkipDryRunOnMissingResource") == "true",
    )


def _words(manifest: Manifest | None) -> dict[str, str]:
    if manifest is None:
        return {}
    given = words(manifest, SYNC_OPTIONS)
    said = dict(word.partition("=")[::2] for word in given)
    if "ServerSideApply=false" in given:
        said["ServerSideApply"] = "false"
    return said


def _policy(word: str | None, default: PrunePolicy) -> PrunePolicy:
    return default if word is None or word not in _POLICIES else PrunePolicy(word)


def _tristate(word: str | None) -> bool | None:
    return {"true": True, "false": False}.get(word or "")
