"""Brings one object to its target, in the way that its sync options ask for.

Server-side apply is the way; the others (client-side apply, replace, force) exist because users
ask for them by option. Every way may be repeated without harm.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from tiphys.engine.collisions import repair_patch
from tiphys.engine.normalise import prepare_target
from tiphys.kube.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, KubeClient
from tiphys.kube.migration import migration_patch, versions_patch
from tiphys.model.errors import ApiError
from tiphys.model.keys import GroupKind, Manifest, gvk_of, key_of
from tiphys.model.labels import FIELD_MANAGER, LAST_APPLIED
from tiphys.structured.patches.merge_patch import create_three_way_merge_patch
from tiphys.structured.patches.strategic_diff import create_three_way_patch
from tiphys.structured.schema import load_builtin_schema

_GONE_TIMEOUT_S = 60.0
_ESTABLISHED_TIMEOUT_S = 3.0
_POLL_S = 0.1
_OWNER_ATTEMPTS = 8
_DUPLICATES = "duplicate entries for key"
_DUPLICATES_WARNING = (
    "elements with equal keys rule out server-side apply, so it was applied client-side: what is "
    "taken out of Git later may stay in the cluster"
)
# What the configuration itself has too much is the user's to mend, and told in other words.
_UNDECLARED = re.compile(
    r"^(?!failed to create typed patch object).*: field not declared in schema", re.DOTALL
)
_GONE = re.compile(r"request to convert CR to an invalid group/version: (\S+)")
_VERSIONS_WARNING = (
    "fields are owned in a version of the kind that lacks some of them, which rules out "
    "server-side apply, so it was applied client-side: what is taken out of Git later may stay in "
    "the cluster"
)
_BINDINGS = frozenset(
    GroupKind("rbac.authorization.k8s.io", kind) for kind in ("RoleBinding", "ClusterRoleBinding")
)


class ApplyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How one object is brought to its target.

    Attributes:
        says_server_side: whether the user asked for server-side apply by option; only then does
            the message say so.
        client_side: three-way apply with the last-applied annotation.
        replace: replace as a whole, create if absent.
        force: delete and create anew, where changing is impossible.
        validate: refuse unknown fields.
        migrates: take over what client-side apply owned.
    """

    manager: str = FIELD_MANAGER
    says_server_side: bool = False
    client_side: bool = False
    replace: bool = False
    force: bool = False
    validate: bool = True
    migrates: bool = True
    migration_manager: str = ""
    dry_run: bool = False

    def params(self) -> dict[str, str]:
        """Return the query that these options mean."""
        validation = "Strict" if self.validate else "Ignore"
        dry_run = {"dryRun": "All"} if self.dry_run else {}
        return {"fieldValidation": validation, **dry_run}


class Applied(msgspec.Struct, frozen=True):
    """The object as it is now, what to tell of it, and what the server warned of."""

    manifest: Manifest
    message: str
    warnings: tuple[str, ...] = ()


async def apply_resource(
    client: KubeClient, target: Manifest, live: Manifest | None, options: ApplyOptions
) -> Applied:
    """Bring an object to its target.

    Args:
        client: of the cluster.
        target: with its mark and its namespace.
        live: as it was last seen, None when there is none.
        options: how.

    Raises:
        ApiError: the server refuses it.
        ClusterError: the server does not answer.
        NotFoundError: its kind is not served.
    """
    wanted = prepare_target(target)
    resource = client.resource(gvk_of(wanted))
    name = f"{resource.display}/{key_of(wanted).name}"
    if live is not None and _must_be_recreated(wanted, live):
        if options.dry_run:
            # No dry run can tell: the server refuses the change that deleting makes possible.
            return Applied(live, f"{name} configured")
        await delete_and_wait(client, live)
        live = None
    try:
        manifest, verb, warnings = await _write(client, wanted, live, options)
    except ApiError as err:
        if not (options.force and live is not None and err.code in {409, 422}):
            raise
        if options.dry_run:
            return Applied(live, f"{name} configured")
        await delete_and_wait(client, live)
        manifest, verb, warnings = await _write(client, wanted, None, options)
    return Applied(manifest, f"{name} {verb}", warnings)


async def delete_and_wait(client: KubeClient, live: Manifest) -> None:
    """Delete an object and wait until it is gone.

    Raises:
        ApiError: it is still there after a minute, held by a finalizer.
    """
    gvk, key = gvk_of(live), key_of(live)
    await client.delete(
        gvk, key, preconditions={"uid": live["metadata"]["uid"]}, propagation="Background"
    )
    for _ in range(int(_GONE_TIMEOUT_S / _POLL_S)):
        found = await client.get(gvk, key.namespace, key.name)
        if found is None or found["metadata"]["uid"] != live["metadata"]["uid"]:
            return
        await asyncio.sleep(_POLL_S)
    raise ApiError(f"{key} is still being deleted after {_GONE_TIMEOUT_S:.0f} s", code=409)


async def wait_established(client: KubeClient, definition: Manifest) -> bool:
    """Wait until the server serves a new custom resource definition; False when it takes long."""
    gvk, key = gvk_of(definition), key_of(definition)
    for _ in range(int(_ESTABLISHED_TIMEOUT_S / _POLL_S)):
        found = await client.get(gvk, "", key.name) or {}
        conditions = (found.get("status") or {}).get("conditions") or []
        if any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions):
            return True
        await asyncio.sleep(_POLL_S)
    return False


async def _write(
    client: KubeClient, wanted: Manifest, live: Manifest | None, options: ApplyOptions
) -> tuple[Manifest, str, tuple[str, ...]]:
    if options.replace:
        return await _replace(client, wanted, live, options)
    if options.client_side:
        return await _apply_client_side(client, wanted, live, options)
    if live is not None and options.migrates and not options.dry_run:
        live = await _migrate(client, live, options)
    try:
        manifest, warnings = await client.apply(wanted, manager=options.manager, **options.params())
    except ApiError as err:
        if _DUPLICATES in err.what:
            return await _apply_otherwise(client, wanted, live, options, _DUPLICATES_WARNING)
        if live is not None and _is_between_versions(err):
            return await _apply_between_versions(client, wanted, live, options, err)
        manifest, warnings = await _apply_again(client, wanted, live, options, err)
    return manifest, _apply_verb(live, manifest, options), warnings


async def _apply_otherwise(
    client: KubeClient,
    wanted: Manifest,
    live: Manifest | None,
    options: ApplyOptions,
    warning: str,
) -> tuple[Manifest, str, tuple[str, ...]]:
    """Apply client-side what server-side apply cannot bring about."""
    manifest, verb, warnings = await _apply_client_side(client, wanted, live, options)
    return manifest, verb, (*warnings, warning)


def _is_between_versions(refusal: ApiError) -> bool:
    """Tell whether the server could not read the object in the version of one of its owners."""
    found = _UNDECLARED.search(refusal.what) or _GONE.search(refusal.what)
    return refusal.code == 500 and found is not None


async def _apply_between_versions(
    client: KubeClient,
    wanted: Manifest,
    live: Manifest,
    options: ApplyOptions,
    refusal: ApiError,
) -> tuple[Manifest, str, tuple[str, ...]]:
    """Move what we own to the version of Git and apply once more, client-side if need be."""
    if options.dry_run:
        return live, "configured", ()
    gvk, key = gvk_of(wanted), key_of(wanted)
    current = await client.get(gvk, key.namespace, key.name)
    if current is None:
        raise refusal
    found = _GONE.search(refusal.what)
    gone = found.groups() if found else ()
    moved = await _change_owners(
        client, current, lambda seen: versions_patch(seen, options.manager, gone)
    )
    if moved is not current:
        params = options.params()
        try:
            manifest, warnings = await client.apply(wanted, manager=options.manager, **params)
        except ApiError as err:
            if not _is_between_versions(err):
                raise
        else:
            return manifest, _apply_verb(live, manifest, options), warnings
    return await _apply_otherwise(client, wanted, moved, options, _VERSIONS_WARNING)


async def _apply_again(
    client: KubeClient,
    wanted: Manifest,
    live: Manifest | None,
    options: ApplyOptions,
    refusal: ApiError,
) -> tuple[Manifest, tuple[str, ...]]:
    """Clear away what a refused apply collides with, and apply once more; else raise it."""
    if live is None:
        raise refusal
    gvk, key = gvk_of(wanted), key_of(wanted)
    # The object as it is now, in the version of the target: indices must be right.
    current = await client.get(gvk, key.namespace, key.name)
    schema = load_builtin_schema().schema_for(gvk)
    patch = repair_patch(refusal.causes, wanted, current, schema) if current else None
    if patch is None:
        raise refusal
    if options.dry_run:
        return live, ()
    await client.patch(gvk, key, patch, JSON_PATCH)
    return await client.apply(wanted, manager=options.manager, **options.params())


async def _migrate(client: KubeClient, live: Manifest, options: ApplyOptions) -> Manifest:
    """Take over what was applied client-side."""
    changed = await _change_owners(
        client,
        live,
        lambda seen: migration_patch(seen, options.manager, options.migration_manager),
    )
    return live if changed is live else _at_version(live, changed)


async def _change_owners(
    client: KubeClient,
    live: Manifest,
    patch_for: Callable[[Manifest], list[dict[str, Any]] | None],
) -> Manifest:
    """Change who owns what, tried anew while others write the object too.

    Args:
        client: of the cluster.
        live: the object as it was last seen.
        patch_for: gives the patch for the object as it is, None when there is nothing to change.

    Returns:
        The object as it is now; `live` itself when nothing was changed.
    """
    current, key = live, key_of(live)
    for attempts_left in reversed(range(_OWNER_ATTEMPTS)):
        patch = patch_for(current)
        if patch is None:
            return current
        try:
            return await client.patch(gvk_of(live), key, patch, JSON_PATCH)
        except ApiError as err:
            # A JSON patch whose test fails is answered 422: a controller has written a status.
            if err.code not in {409, 422} or not attempts_left:
                raise
        found = await client.get(gvk_of(live), key.namespace, key.name)
        if found is None:
            return live
        current = found
    return live


def _at_version(live: Manifest, written: Manifest) -> Manifest:
    """What changed for the user is told by the object as it was, not by who owns it now."""
    version = written["metadata"]["resourceVersion"]
    return {**live, "metadata": {**live["metadata"], "resourceVersion": version}}


async def _replace(
    client: KubeClient, wanted: Manifest, live: Manifest | None, options: ApplyOptions
) -> tuple[Manifest, str, tuple[str, ...]]:
    params = options.params()
    if live is None:
        return await client.create(wanted, manager=options.manager, **params), "created", ()
    if options.force and not options.dry_run:
        await delete_and_wait(client, live)
        return await client.create(wanted, manager=options.manager, **params), "replaced", ()
    version = live["metadata"]["resourceVersion"]
    body = {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": version}}
    return await client.replace(body, manager=options.manager, **params), "replaced", ()


async def _apply_client_side(
    client: KubeClient, wanted: Manifest, live: Manifest | None, options: ApplyOptions
) -> tuple[Manifest, str, tuple[str, ...]]:
    record = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    annotations = {**(wanted["metadata"].get("annotations") or {}), LAST_APPLIED: record}
    modified = {**wanted, "metadata": {**wanted["metadata"], "annotations": annotations}}
    params = options.params()
    if live is None:
        return await client.create(modified, manager=options.manager, **params), "created", ()
    annotated = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    original: dict[str, Any] = orjson.loads(annotated) if annotated else {}
    type_ = load_builtin_schema().schema_for(gvk_of(wanted))
    if type_ is None:
        patch, kind = create_three_way_merge_patch(original, modified, live), MERGE_PATCH
    else:
        patch, kind = create_three_way_patch(original, modified, live, type_), STRATEGIC_PATCH
    if not patch:
        return live, "unchanged", ()
    query = {"fieldManager": options.manager, **params}
    manifest = await client.patch(gvk_of(wanted), key_of(wanted), patch, kind, **query)
    return manifest, _verb(live, manifest), ()


def _apply_verb(live: Manifest | None, manifest: Manifest, options: ApplyOptions) -> str:
    return "serverside-applied" if options.says_server_side else _verb(live, manifest)


def _verb(live: Manifest | None, manifest: Manifest) -> str:
    if live is None:
        return "created"
    same = live["metadata"].get("resourceVersion") == manifest["metadata"].get("resourceVersion")
    return "unchanged" if same else "configured"


def _must_be_recreated(wanted: Manifest, live: Manifest) -> bool:
    """A binding's role cannot be changed, only the binding as a whole."""
    if key_of(wanted).group_kind not in _BINDINGS:
        return False
    return bool(wanted.get("roleRef") != live.get("roleRef"))
