"""Destination clusters: `/api/v1/clusters`."""

from typing import Any

from tiphys.delivery.cluster_records import UPDATABLE, ClusterRecords, stored_fields
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import InvalidInputError
from tiphys.server.call import Call, denied
from tiphys.server.context import ApiContext
from tiphys.server.routes.repositories import Items
from tiphys.server.table import Endpoint, by_handler, of_items

SERVICE = "cluster.ClusterService"
RESOURCE = "clusters"
_BY_NAME = frozenset({"name", "name_escaped"})


class ClusterRoutes:
    """Answers what is about clusters."""

    def __init__(self, context: ApiContext) -> None:
        self._clusters = context.clusters
        self._records = ClusterRecords(
            context.installation, context.clusters, context.home, context.clock
        )

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path = "/api/v1/clusters"
        one, query = f"{path}/{{id}}", ("server", "name", "id.type", "id.value")
        return [
            Endpoint(
                method="GET", path=path, service=SERVICE, rpc="List",
                permission=of_items(RESOURCE), handler=self.list, answer=Items, query=query,
            ),
            Endpoint(
                method="POST", path=path, service=SERVICE, rpc="Create",
                permission=by_handler(RESOURCE, "create"), handler=self.create,
                body=dict[str, Any], answer=dict[str, Any], query=("upsert",),
            ),
            Endpoint(
                method="GET", path=one, service=SERVICE, rpc="Get",
                permission=by_handler(RESOURCE, "get"), handler=self.get, answer=dict[str, Any],
                query=("id.type",),
            ),
            Endpoint(
                method="PUT", path=one, service=SERVICE, rpc="Update",
                permission=by_handler(RESOURCE, "update"), handler=self.update,
                body=dict[str, Any], answer=dict[str, Any], query=("updatedFields", "id.type"),
            ),
            Endpoint(
                method="DELETE", path=one, service=SERVICE, rpc="Delete",
                permission=by_handler(RESOURCE, "delete"), handler=self.delete,
                query=("id.type",),
            ),
            Endpoint(
                method="POST", path=f"{one}/invalidate-cache", service=SERVICE,
                rpc="InvalidateCache", permission=by_handler(RESOURCE, "update"),
                handler=self.invalidate, answer=dict[str, Any], query=("id.type",),
            ),
        ]  # fmt: skip

    async def list(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/clusters: those that the caller may see, and how they are."""
        server, name = call.query("server"), call.query("name")
        kind, value = call.query("id.type"), call.query("id.value")
        if value:
            server, name = ("", value) if kind in _BY_NAME else (value, "")
        found = [
            self._records.described(record)
            for record in self._records.all()
            if call.allows(RESOURCE, "get", named(record))
            and server.rstrip("/") in {"", record.server}
            and name in {"", record.name}
        ]
        return {"metadata": {}, "items": found}

    async def get(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/clusters/{id}: one of them, by address or by name."""
        return self._records.described(self._found(call, "get"))

    async def create(self, call: Call) -> dict[str, Any]:
        """POST /api/v1/clusters: store one, once it has answered."""
        fields = stored_fields(call.body)
        project, server = fields["project"], fields["server"]
        called = f"{project}/{server}" if project else server
        call.require(RESOURCE, "create", called)
        upsert = call.flag("upsert")
        if upsert:
            call.require(RESOURCE, "update", called)
        return self._records.described(await self._records.create(call.body, upsert=upsert))

    async def update(self, call: Call) -> dict[str, Any]:
        """PUT /api/v1/clusters/{id}: change one; credentials that are left out stay."""
        record = self._found(call, "update")
        updated = frozenset(call.queries("updatedFields"))
        if updated - UPDATABLE:
            unknown = ", ".join(sorted(updated - UPDATABLE))
            raise InvalidInputError(f"cannot be updated: {unknown[:200]}", where="updatedFields")
        project = str(call.body.get("project") or "")
        if (not updated or "project" in updated) and project != record.project:
            call.require(
                RESOURCE, "update", f"{project}/{record.server}" if project else record.server
            )
        return self._records.described(await self._records.update(record, call.body, updated))

    async def delete(self, call: Call) -> dict[str, Any]:
        """DELETE /api/v1/clusters/{id}: forget one; what was deployed there stays."""
        await self._records.delete(self._found(call, "delete"))
        return {}

    async def invalidate(self, call: Call) -> dict[str, Any]:
        """POST /api/v1/clusters/{id}/invalidate-cache: read everything there anew."""
        record = self._found(call, "update")
        await self._clusters.reopen(record)
        return self._records.described(record)

    def _found(self, call: Call, action: str) -> ClusterRecord:
        """Return the cluster of a call; absent and forbidden are answered alike."""
        value = call.path["id"]
        is_name = call.query("id.type") in _BY_NAME
        for record in self._records.all():
            is_meant = record.name == value if is_name else record.server == value.rstrip("/")
            if is_meant and call.allows(RESOURCE, action, named(record)):
                return record
        raise denied()


def named(record: ClusterRecord) -> str:
    """Return the name by which policies know a cluster."""
    return f"{record.project}/{record.server}" if record.project else record.server
