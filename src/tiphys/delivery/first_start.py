"""What must be there before anybody can log in: a signing key and the administrator's password.

Every step leaves alone what is there, so replicas may do it at the same time.

Source: Argo CD, "Getting Started", "Login Using The CLI".
"""

import contextlib
import logging
from datetime import timedelta
from typing import Final

from tiphys.delivery.accounts import ARGOCD_CM, ARGOCD_SECRET
from tiphys.delivery.clock import Clock, parse_timestamp, timestamp
from tiphys.delivery.passwords import generate_password, hash_password
from tiphys.delivery.tokens import generate_key
from tiphys.delivery.writing import SECRET, SecretWriter
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, PreconditionError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.labels import PART_OF, PART_OF_VALUE, SERVER_MANAGER
from tiphys.settings.accounts import ADMIN, secret_keys
from tiphys.settings.secrets import decode_secret

log = logging.getLogger(__name__)

INITIAL_SECRET: Final = "argocd-initial-admin-secret"  # noqa: S105 -- its name
_CONFIG_MAP: Final = GroupVersionKind("", "v1", "ConfigMap")
_ATTEMPTS: Final = 5
_IN_PROGRESS: Final = timedelta(minutes=1)
"""How long another replica may take from showing the password to saving its hash."""


async def ensure_login(
    client: KubeClient, namespace: str, writer: SecretWriter, clock: Clock
) -> None:
    """Create what logging in needs, where it is missing.

    Raises:
        ApiError: we may not create it.
    """
    config = await _ensure_config_map(client, namespace)
    keys = secret_keys(ADMIN)
    lacks_password = True

    def complete(data: dict[str, str]) -> None:
        nonlocal lacks_password
        lacks_password = not data.get(keys.password)
        if not data.get("server.secretkey"):
            data["server.secretkey"] = generate_key()
        if not lacks_password and not data.get(keys.changed_at):
            data[keys.changed_at] = timestamp(clock())

    await writer.update(ARGOCD_SECRET, complete)
    is_enabled = str((config.get("data") or {}).get("admin.enabled", "true")).lower() != "false"
    if lacks_password and is_enabled:
        await _first_password(client, namespace, writer, clock)


async def _ensure_config_map(client: KubeClient, namespace: str) -> Manifest:
    key = ResourceKey("", "ConfigMap", namespace, ARGOCD_CM)
    found = await client.get(_CONFIG_MAP, namespace, ARGOCD_CM)
    labels = {PART_OF: PART_OF_VALUE}
    if found is None:
        metadata = {"name": ARGOCD_CM, "namespace": namespace, "labels": labels}
        try:
            return await client.create(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata},
                manager=SERVER_MANAGER,
            )
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
            return await client.get(_CONFIG_MAP, namespace, ARGOCD_CM) or {}
    if PART_OF not in (found["metadata"].get("labels") or {}):
        patch = {"metadata": {"labels": labels}}
        return await client.patch(_CONFIG_MAP, key, patch, fieldManager=SERVER_MANAGER)
    return found


async def _first_password(
    client: KubeClient, namespace: str, writer: SecretWriter, clock: Clock
) -> None:
    password = await _shown_password(client, namespace, writer, clock)
    hashed, keys = await hash_password(password), secret_keys(ADMIN)

    def change(data: dict[str, str]) -> None:
        if not data.get(keys.password):
            data[keys.password] = hashed
            data[keys.changed_at] = timestamp(clock())

    await writer.update(ARGOCD_SECRET, change)
    log.info("the administrator has a password", extra={"secret": INITIAL_SECRET})


async def _shown_password(
    client: KubeClient, namespace: str, writer: SecretWriter, clock: Clock
) -> str:
    """Return the password that stands in the Secret for people to read, made if need be.

    One that was put there just now is another replica's, whose hash is about to be saved. An older
    one belongs to a password that was deleted to get a new one.
    """
    for _ in range(_ATTEMPTS):
        password = generate_password()
        try:
            await writer.create(INITIAL_SECRET, {"password": password})
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
        else:
            return password
        shown = await client.get(SECRET, namespace, INITIAL_SECRET)
        if shown is None:
            continue
        created = parse_timestamp(str(shown["metadata"].get("creationTimestamp", "")))
        theirs = decode_secret(shown).get("password", "")
        if theirs and created is not None and clock() - created < _IN_PROGRESS:
            return theirs
        with contextlib.suppress(ApiError):  # another replica was faster, or the create says why
            await client.delete(
                SECRET,
                ResourceKey("", "Secret", namespace, INITIAL_SECRET),
                preconditions={"uid": str(shown["metadata"]["uid"])},
                propagation="Background",
            )
    raise PreconditionError(
        "the Secret is there and cannot be replaced",
        where=f"Secret/{namespace}/{INITIAL_SECRET}",
        hint="Delete it, and restart the server.",
    )
