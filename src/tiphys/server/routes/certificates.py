"""Certificates and SSH keys of repositories' hosts: `/api/v1/certificates`."""

from collections.abc import Callable, Mapping
from typing import Any

from tiphys.delivery.writing import update_object
from tiphys.engine.globs import matches
from tiphys.model.errors import InvalidInputError, NotFoundError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.model.labels import PART_OF, PART_OF_VALUE, SERVER_MANAGER
from tiphys.model.source import Record
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.table import Endpoint, of_object
from tiphys.settings.host_certificates import (
    SSH_CONFIG_MAP,
    SSH_KEY,
    TLS_CONFIG_MAP,
    HostCertificate,
    ssh_keys,
    tls_certificates,
    with_ssh,
    with_tls,
    without_ssh,
)

SERVICE = "certificate.CertificateService"
RESOURCE = "certificates"
_CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
_QUERY = ("hostNamePattern", "certType", "certSubType")
Change = Callable[[Mapping[str, str]], dict[str, str]]


class CertificateList(Record, frozen=True, omit_defaults=False):
    """Certificates and keys."""

    items: tuple[HostCertificate, ...] = ()


class CertificateRoutes:
    """Answers what is about certificates."""

    def __init__(self, context: ApiContext) -> None:
        self._installation, self._client = context.installation, context.home

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/certificates"

        def may(action: str) -> Any:
            return of_object(RESOURCE, action, lambda _call: "")

        return [
            Endpoint(
                method="GET", path=path, service=SERVICE, rpc="ListCertificates",
                permission=may("get"), handler=self.list_all, answer=CertificateList, query=_QUERY,
            ),
            Endpoint(
                method="POST", path=path, service=SERVICE, rpc="CreateCertificate",
                permission=may("create"), handler=self.create, body=CertificateList,
                answer=CertificateList, query=("upsert",),
            ),
            Endpoint(
                method="DELETE", path=path, service=SERVICE, rpc="DeleteCertificate",
                permission=may("delete"), handler=self.delete, answer=CertificateList,
                query=_QUERY,
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> CertificateList:
        """GET /api/v1/certificates: of TLS and SSH hosts; without the data."""
        return CertificateList(items=tuple(self._chosen(call)))

    async def create(self, call: Call) -> CertificateList:
        """POST /api/v1/certificates: store some."""
        upsert, added = call.flag("upsert"), call.body.items
        if upsert:
            call.require(RESOURCE, "update", "")
        for entry in added:
            name, change = _addition(entry, upsert=upsert)
            await self._change(name, change)
        return CertificateList(items=added)

    async def delete(self, call: Call) -> CertificateList:
        """DELETE /api/v1/certificates: forget those that the query chooses."""
        chosen = self._chosen(call)
        hosts = {found.server_name for found in chosen if found.cert_type == "https"}
        keys = [found for found in chosen if found.cert_type == "ssh"]
        if hosts:
            await self._change(
                TLS_CONFIG_MAP, lambda data: {k: v for k, v in data.items() if k not in hosts}
            )
        if keys:
            await self._change(
                SSH_CONFIG_MAP,
                lambda data: {**data, SSH_KEY: without_ssh(data.get(SSH_KEY, ""), keys)},
            )
        return CertificateList(items=tuple(chosen))

    def _chosen(self, call: Call) -> list[HostCertificate]:
        pattern, kind = call.query("hostNamePattern"), call.query("certType")
        sub_type = call.query("certSubType")
        known = self._installation.config_map(SSH_CONFIG_MAP).get(SSH_KEY, "")
        found = [
            *tls_certificates(self._installation.config_map(TLS_CONFIG_MAP)),
            *ssh_keys(known),
        ]
        return [
            entry
            for entry in found
            if (not pattern or matches(pattern, entry.server_name))
            and kind in {"", "*", entry.cert_type}
            and sub_type in {"", "*", entry.cert_sub_type}
        ]

    async def _change(self, name: str, change: Change) -> None:
        def write(config_map: Manifest) -> None:
            config_map["data"] = change(config_map.get("data") or {})

        namespace = self._installation.namespace
        try:
            stored = await update_object(self._client, _CONFIG_MAP, namespace, name, write)
        except NotFoundError:
            stored = await self._client.create(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": name,
                        "namespace": namespace,
                        "labels": {PART_OF: PART_OF_VALUE},
                    },
                    "data": change({}),
                },
                manager=SERVER_MANAGER,
            )
        self._installation.collections.config_maps.observe(stored)


def _addition(entry: HostCertificate, *, upsert: bool) -> tuple[str, Change]:
    """Return the ConfigMap that an entry belongs into, and how its data changes."""
    if entry.cert_type == "https":
        return TLS_CONFIG_MAP, lambda data: with_tls(data, entry, upsert=upsert)
    if entry.cert_type == "ssh":
        return SSH_CONFIG_MAP, lambda data: {
            **data,
            SSH_KEY: with_ssh(data.get(SSH_KEY, ""), entry, upsert=upsert),
        }
    raise InvalidInputError("expected `https` or `ssh`", where="certType")
