"""What people ask of Applications, as the patches that ask for it.

The command line and the REST API ask by the same patches; whoever may write Applications with
kubectl may write them by hand as well.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from tiphys.model.errors import InvalidInputError, NotFoundError
from tiphys.model.keys import Manifest
from tiphys.model.labels import RESOURCES_FINALIZER

_FOREGROUND = f"{RESOURCES_FINALIZER}/foreground"
_BACKGROUND = f"{RESOURCES_FINALIZER}/background"
_CASCADES = {"foreground": RESOURCES_FINALIZER, "background": _BACKGROUND}
_NEWEST = -2


class SyncRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How a person wants an Application synced; what is left empty stays as its policy says.

    Attributes:
        revisions: one for each of `positions`, or a single one.
        positions: of sources, counted from 1; empty for an Application with a single source.
        names: of sources, instead of positions.
        resources: selectors of a partial sync, as `operation.sync.resources`.
        sync_options: take the place of the policy's options of the same name.
        strategy: "hook" runs hooks, "apply" does not.
        info: free pairs that are kept with the operation.
    """

    revisions: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    prune: bool = False
    dry_run: bool = False
    force: bool = False
    strategy: str = "hook"
    resources: tuple[dict[str, Any], ...] = ()
    sync_options: tuple[str, ...] = ()
    retry: dict[str, Any] | None = None
    info: tuple[tuple[str, str], ...] = ()


def sync_patch(app: Manifest, request: SyncRequest, user: str) -> Manifest:
    """Return the merge patch that starts a sync.

    Raises:
        InvalidInputError: an operation is in progress, the Application is being deleted, or a
            revision is named for a source that it does not have.
    """
    _require_idle(app)
    policy = app["spec"].get("syncPolicy") or {}
    force = {"force": True} if request.force else {}
    sync: dict[str, Any] = {
        "prune": request.prune,
        "dryRun": request.dry_run,
        "syncStrategy": {request.strategy: force},
        **_revisions(app, request),
    }
    options = _merged_options(policy.get("syncOptions") or [], request.sync_options)
    if options:
        sync["syncOptions"] = options
    if request.resources:
        sync["resources"] = list(request.resources)
    retry = request.retry or policy.get("retry")
    operation = {
        "sync": {field: value for field, value in sync.items() if value is not False},
        "initiatedBy": {"username": user},
        **({"retry": retry} if retry else {}),
        **({"info": [{"name": n, "value": v} for n, v in request.info]} if request.info else {}),
    }
    return _asking(app, operation)


def rollback_patch(
    app: Manifest, history_id: int | None, user: str, *, prune: bool, dry_run: bool
) -> Manifest:
    """Return the merge patch that brings back what was deployed before.

    Args:
        app: the Application.
        history_id: of an entry of `status.history`; None is the last but one.
        user: who asks.
        prune: delete what the entry did not have.
        dry_run: only tell what it would do.

    Raises:
        InvalidInputError: automated sync is on and would undo it, or an operation is in progress.
        NotFoundError: there is no such entry.
    """
    _require_idle(app)
    name = _name(app)
    policy = app["spec"].get("syncPolicy") or {}
    automated = policy.get("automated")
    if automated is not None and automated.get("enabled") is not False:
        raise InvalidInputError(
            "rollback cannot be initiated when auto-sync is enabled",
            where=name,
            hint=f"Turn it off with `tiphys app set {name} --sync-policy none`, or revert in Git.",
        )
    entry = _history_entry(app, history_id)
    kept = ("revision", "revisions", "source", "sources")
    sync: dict[str, Any] = {field: entry[field] for field in kept if entry.get(field)}
    sync["syncStrategy"] = {"apply": {}}
    sync |= {"prune": True} if prune else {}
    sync |= {"dryRun": True} if dry_run else {}
    if policy.get("syncOptions"):
        sync["syncOptions"] = policy["syncOptions"]
    return _asking(app, {"sync": sync, "initiatedBy": {"username": user}})


def terminate_patch(app: Manifest) -> Manifest:
    """Return the merge patch that ends the running operation.

    Raises:
        InvalidInputError: none is running.
    """
    state = (app.get("status") or {}).get("operationState") or {}
    if "operation" not in app or state.get("phase") not in {"Running", "Terminating"}:
        raise InvalidInputError(
            "unable to terminate operation: no operation is in progress", where=_name(app)
        )
    return {"status": {"operationState": {"phase": "Terminating"}}}


def finalizer_patch(app: Manifest, *, cascade: bool, propagation: str = "foreground") -> Manifest:
    """Return the merge patch that says what deleting the Application does to its objects.

    Args:
        app: the Application.
        cascade: delete the objects first; else leave them in the cluster.
        propagation: "foreground" waits for what the objects own, "background" does not.
    """
    ours = {RESOURCES_FINALIZER, _FOREGROUND, _BACKGROUND}
    kept = [f for f in app["metadata"].get("finalizers") or [] if f not in ours]
    wanted = [*kept, _CASCADES[propagation]] if cascade else kept
    version = app["metadata"]["resourceVersion"]
    return {"metadata": {"finalizers": wanted, "resourceVersion": version}}


def _asking(app: Manifest, operation: Manifest) -> Manifest:
    # The version makes two people's requests meet as a conflict, not as one lost request.
    version = app["metadata"]["resourceVersion"]
    return {"metadata": {"resourceVersion": version}, "operation": operation}


def _require_idle(app: Manifest) -> None:
    name = _name(app)
    if app.get("operation"):
        raise InvalidInputError(
            "another operation is already in progress",
            where=name,
            hint=f"Wait with `tiphys app wait {name} --operation`, "
            f"or end it with `tiphys app terminate-op {name}`.",
        )
    if app["metadata"].get("deletionTimestamp"):
        raise InvalidInputError("application is deleting", where=name)


def _revisions(app: Manifest, request: SyncRequest) -> dict[str, Any]:
    sources = app["spec"].get("sources") or []
    if not (request.positions or request.names):
        if not request.revisions:
            return {}
        if sources:
            raise InvalidInputError(
                "the application has several sources, a revision needs the position of its own",
                where=_name(app),
                hint="Name both: --revisions REVISION --source-positions 1.",
            )
        return {"revision": request.revisions[0]}
    # A source that is not named stays at its own target revision.
    own = [str(source.get("targetRevision") or "HEAD") for source in sources]
    chosen = chosen_revisions(app, request.revisions, request.positions, request.names)
    return {"revisions": [one or other for one, other in zip(chosen, own, strict=True)]}


def chosen_revisions(
    app: Manifest, revisions: Sequence[str], positions: Sequence[int], names: Sequence[str]
) -> list[str]:
    """Return the revision that is asked for each source of an Application, "" for none.

    Raises:
        InvalidInputError: positions or names and revisions do not fit together.
    """
    places = [source_index(app, position) for position in positions]
    places += [named_source_index(app, name) for name in names]
    if len(places) != len(revisions):
        raise InvalidInputError(
            "the numbers of revisions and of sources that are named differ", where=_name(app)
        )
    chosen = [""] * len(app["spec"].get("sources") or [])
    for place, revision in zip(places, revisions, strict=True):
        chosen[place] = revision
    return chosen


def source_index(app: Manifest, position: int) -> int:
    """Return the index in `spec.sources` of a position that a person counts from 1.

    Raises:
        InvalidInputError: there is no such source.
    """
    sources = app["spec"].get("sources") or []
    if not 1 <= position <= len(sources):
        raise InvalidInputError(
            f"source position `{position}` is not one of 1 to {len(sources)}", where=_name(app)
        )
    return position - 1


def named_source_index(app: Manifest, name: str) -> int:
    """Return the index in `spec.sources` of the source of a name.

    Raises:
        InvalidInputError: there is no such source, or there are several.
    """
    sources = app["spec"].get("sources") or []
    places = [place for place, source in enumerate(sources) if source.get("name") == name]
    if len(places) != 1:
        raise InvalidInputError(f"{len(places)} sources have the name `{name}`", where=_name(app))
    return places[0]


def _merged_options(policy: list[str], asked: tuple[str, ...]) -> list[str]:
    names = {option.partition("=")[0] for option in asked}
    return [o for o in policy if o.partition("=")[0] not in names] + list(asked)


def _history_entry(app: Manifest, history_id: int | None) -> dict[str, Any]:
    entries: list[dict[str, Any]] = (app.get("status") or {}).get("history") or []
    if history_id is None:
        if len(entries) < -_NEWEST:
            raise NotFoundError(
                "there is nothing to go back to: it was deployed once at most", where=_name(app)
            )
        return entries[_NEWEST]
    for entry in entries:
        if entry["id"] == history_id:
            return entry
    raise NotFoundError(
        f"application {_name(app)} does not have deployment with id `{history_id}`",
        hint=f"See the IDs with `tiphys app history {_name(app)}`.",
    )


def _name(app: Manifest) -> str:
    return str(app["metadata"]["name"])
