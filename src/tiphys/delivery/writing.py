"""Changes of objects that others may change at the same time: read, change, write, try again."""

import base64
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from tiphys.kube.client import KubeClient
from tiphys.kube.informer import Informer
from tiphys.model.errors import ApiError, NotFoundError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import PART_OF, PART_OF_VALUE, SERVER_MANAGER

SECRET: Final = GroupVersionKind("", "v1", "Secret")
_ATTEMPTS: Final = 20

Change = Callable[[Manifest], None]
"""Changes a manifest in place; called again on a newer one when somebody else was faster."""


async def update_object(
    client: KubeClient, gvk: GroupVersionKind, namespace: str, name: str, change: Change
) -> Manifest:
    """Change an object and return it; nothing is written when nothing changes.

    Args:
        client: of the cluster.
        gvk: the kind.
        namespace: of the object.
        name: of the object.
        change: what to change; what it raises ends the attempt.

    Raises:
        NotFoundError: there is no such object.
        ApiError: the server refuses it, or others changed it each time that we tried.
    """
    for attempt in range(_ATTEMPTS):
        before = await client.get(gvk, namespace, name)
        if before is None:
            raise NotFoundError(f"{gvk.kind} `{name}` not found")
        after = deepcopy(before)
        change(after)
        if after == before:
            return before
        try:
            return await client.replace(after, manager=SERVER_MANAGER)
        except ApiError as err:
            if err.code != 409 or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


class SecretWriter:
    """Writes Secrets of an installation; the live copy has each write before it returns."""

    def __init__(self, client: KubeClient, namespace: str, secrets: Informer) -> None:
        self._client, self._namespace, self._secrets = client, namespace, secrets

    async def update(self, name: str, change: Callable[[dict[str, str]], None]) -> None:
        """Change the decoded data of a Secret, which is created when it is missing.

        Raises:
            ApiError: the server refuses it.
        """
        written = await update_secret(self._client, self._namespace, name, change)
        self._secrets.observe(written)

    async def create(self, name: str, data: Mapping[str, str]) -> Manifest:
        """Create a Secret and return it.

        Raises:
            ApiError: it exists, or the server refuses it.
        """
        created = await self._client.create(
            _secret(self._namespace, name, data), manager=SERVER_MANAGER
        )
        self._secrets.observe(created)
        return created


async def update_secret(
    client: KubeClient, namespace: str, name: str, change: Callable[[dict[str, str]], None]
) -> Manifest:
    """Change the decoded data of a Secret, which is created when it is missing, and return it.

    Raises:
        ApiError: the server refuses it.
    """

    def changed(secret: Manifest) -> None:
        metadata = secret["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), PART_OF: PART_OF_VALUE}
        _change_data(secret, change)

    try:
        return await update_object(client, SECRET, namespace, name, changed)
    except NotFoundError:
        try:
            await client.create(_secret(namespace, name, {}), manager=SERVER_MANAGER)
        except ApiError as err:
            if err.status_reason != "AlreadyExists":
                raise
        return await update_object(client, SECRET, namespace, name, changed)


def _secret(namespace: str, name: str, data: Mapping[str, str]) -> Manifest:
    labels = {PART_OF: PART_OF_VALUE}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "type": "Opaque",
        "data": {key: _encoded(value) for key, value in data.items()},
    }


def _change_data(secret: Manifest, change: Callable[[dict[str, str]], None]) -> None:
    """Hand over the texts among the data; what is binary stays as it is."""
    encoded: dict[str, Any] = secret.get("data") or {}
    texts: dict[str, str] = {}
    for key, value in encoded.items():
        try:
            texts[key] = base64.b64decode(value).decode()
        except ValueError:
            continue
    before = dict(texts)
    change(texts)
    kept = {key: value for key, value in encoded.items() if key not in before}
    secret["data"] = {
        **kept,
        **{
            key: encoded[key] if before.get(key) == value else _encoded(value)
            for key, value in texts.items()
        },
    }


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
