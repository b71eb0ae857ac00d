"""Repositories and credentials: `/api/v1/repositories`, `/api/v1/repocreds`."""

import asyncio
from collections.abc import Mapping
from typing import Any

from tiphys.delivery.repositories import Repositories, shown_fields, stored_fields
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.model.source import Record
from tiphys.server.call import Call, denied
from tiphys.server.table import Endpoint, by_handler, of_items
from tiphys.sources.addresses import normalise_url

SERVICE = "repository.RepositoryService"
_CREDS_SERVICE = "repocreds.RepoCredsService"
RESOURCE = "repositories"


class Items(Record, frozen=True, omit_defaults=False):
    """A list of whatever the route is about."""

    items: tuple[dict[str, Any], ...] = ()


class RepositoryRoutes:
    """Answers what is about repositories and credentials."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        path, creds = "/api/v1/repositories", "/api/v1/repocreds"
        query = ("forceRefresh", "appProject")
        return [
            Endpoint(
                method="GET", path=path, service=SERVICE, rpc="ListRepositories",
                permission=of_items(RESOURCE), handler=self.list, answer=Items,
                query=("repo", *query),
            ),
            Endpoint(
                method="POST", path=path, service=SERVICE, rpc="CreateRepository",
                permission=by_handler(RESOURCE, "create"), handler=self.create,
                body=dict[str, Any], answer=dict[str, Any], query=("upsert", "credsOnly"),
            ),
            Endpoint(
                method="GET", path=f"{path}/{{repo}}", service=SERVICE, rpc="Get",
                permission=by_handler(RESOURCE, "get"), handler=self.get, answer=dict[str, Any],
                query=query,
            ),
            Endpoint(
                method="PUT", path=f"{path}/{{repo}}", service=SERVICE, rpc="UpdateRepository",
                permission=by_handler(RESOURCE, "update"), handler=self.update,
                body=dict[str, Any], answer=dict[str, Any],
            ),
            Endpoint(
                method="DELETE", path=f"{path}/{{repo}}", service=SERVICE, rpc="DeleteRepository",
                permission=by_handler(RESOURCE, "delete"), handler=self.delete, query=query,
            ),
            Endpoint(
                method="POST", path=f"{path}/{{repo}}/validate", service=SERVICE,
                rpc="ValidateAccess", permission=by_handler(RESOURCE, "create"),
                handler=self.validate, body=Any, query=("project", "type", "name", "username"),
            ),
            Endpoint(
                method="GET", path=creds, service=_CREDS_SERVICE, rpc="ListRepositoryCredentials",
                permission=of_items(RESOURCE), handler=self.list_credentials, answer=Items,
                query=("url",),
            ),
            Endpoint(
                method="POST", path=creds, service=_CREDS_SERVICE,
                rpc="CreateRepositoryCredentials", permission=by_handler(RESOURCE, "create"),
                handler=self.create_credentials, body=dict[str, Any], answer=dict[str, Any],
                query=("upsert",),
            ),
            Endpoint(
                method="PUT", path=f"{creds}/{{url}}", service=_CREDS_SERVICE,
                rpc="UpdateRepositoryCredentials", permission=by_handler(RESOURCE, "update"),
                handler=self.update_credentials, body=dict[str, Any], answer=dict[str, Any],
            ),
            Endpoint(
                method="DELETE", path=f"{creds}/{{url}}", service=_CREDS_SERVICE,
                rpc="DeleteRepositoryCredentials", permission=by_handler(RESOURCE, "delete"),
                handler=self.delete_credentials,
            ),
        ]  # fmt: skip

    async def list(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/repositories: those that the caller may see, and whether they answer."""
        url, project = call.query("repo"), call.query("appProject")
        wanted = normalise_url(url) if url else ""
        visible = [
            fields
            for _, fields in self._repositories.secrets()
            if call.allows(RESOURCE, "get", named(fields))
            and wanted in {"", normalise_url(fields.get("url", ""))}
            and project in {"", fields.get("project", "")}
        ]
        fresh = call.flag("forceRefresh")
        items = await asyncio.gather(*(self._described(fields, fresh=fresh) for fields in visible))
        return {"metadata": {}, "items": items}

    async def _described(self, fields: Mapping[str, str], *, fresh: bool) -> dict[str, Any]:
        state = await self._repositories.state(fields, fresh=fresh)
        return {**shown_fields(fields), "connectionState": state}

    async def get(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/repositories/{repo}: one of them."""
        _, fields = self._found(call, "get")
        return await self._described(fields, fresh=call.flag("forceRefresh"))

    async def create(self, call: Call) -> dict[str, Any]:
        """POST /api/v1/repositories: store one, once it has answered."""
        fields = stored_fields(call.body, "repo")
        call.require(RESOURCE, "create", named(fields))
        upsert = call.flag("upsert")
        if upsert and self._repositories.find(fields["url"], fields.get("project", "")):
            call.require(RESOURCE, "update", named(fields))
        if not call.flag("credsOnly"):
            await self._repositories.require_answer(fields)
        return shown_fields(await self._repositories.create(fields, upsert=upsert))

    async def update(self, call: Call) -> dict[str, Any]:
        """PUT /api/v1/repositories/{repo}: change one; secrets that are left out stay."""
        body = {**call.body, "repo": call.path["repo"]}
        fields = stored_fields(body, "repo")
        project = fields.get("project", "")
        found = self._repositories.find(fields["url"], project) or self._repositories.find(
            fields["url"]
        )
        if found is None or not call.allows(RESOURCE, "update", named(found[1])):
            raise denied()
        call.require(RESOURCE, "update", named(fields))
        return shown_fields(await self._repositories.update(found[0], fields))

    async def delete(self, call: Call) -> dict[str, Any]:
        """DELETE /api/v1/repositories/{repo}: forget one; what was deployed from it stays."""
        secret, _ = self._found(call, "delete")
        await self._repositories.delete(secret)
        return {}

    async def validate(self, call: Call) -> dict[str, Any]:
        """POST /api/v1/repositories/{repo}/validate: see whether it answers, store nothing."""
        body = dict(call.request.query_params)
        if isinstance(call.body, dict):
            body = {**body, **call.body}
        fields = stored_fields({**body, "repo": call.path["repo"]}, "repo")
        call.require(RESOURCE, "create", named(fields))
        await self._repositories.require_answer(fields)
        return {}

    async def list_credentials(self, call: Call) -> dict[str, Any]:
        """GET /api/v1/repocreds: credentials for many repositories, without the secrets."""
        url = call.query("url")
        found = [
            fields
            for _, fields in self._repositories.secrets("repo-creds")
            if call.allows(RESOURCE, "get", fields.get("url", ""))
            and url in {"", fields.get("url", "")}
        ]
        return {"metadata": {}, "items": [_credentials(fields) for fields in found]}

    async def create_credentials(self, call: Call) -> dict[str, Any]:
        """POST /api/v1/repocreds: store credentials for addresses that begin alike."""
        return await self._store_credentials(call, call.body, upsert=call.flag("upsert"))

    async def update_credentials(self, call: Call) -> dict[str, Any]:
        """PUT /api/v1/repocreds/{url}: change them."""
        self._credentials(call, "update")
        return await self._store_credentials(
            call, {**call.body, "url": call.path["url"]}, upsert=True
        )

    async def _store_credentials(
        self, call: Call, body: Mapping[str, Any], *, upsert: bool
    ) -> dict[str, Any]:
        fields = stored_fields(body, "url")
        call.require(RESOURCE, "create", fields["url"])
        if upsert:
            call.require(RESOURCE, "update", fields["url"])
        return _credentials(await self._repositories.create_credentials(fields, upsert=upsert))

    async def delete_credentials(self, call: Call) -> dict[str, Any]:
        """DELETE /api/v1/repocreds/{url}: forget them."""
        await self._repositories.delete(self._credentials(call, "delete"))
        return {}

    def _credentials(self, call: Call, action: str) -> Manifest:
        url = call.path["url"]
        call.require(RESOURCE, action, url)
        for secret, fields in self._repositories.secrets("repo-creds"):
            if fields.get("url") == url:
                return secret
        raise InvalidInputError("there are no credentials for this address", where=url)

    def _found(self, call: Call, action: str) -> tuple[Manifest, dict[str, str]]:
        """Return the repository of a call; absent and forbidden are answered alike."""
        project = call.query("appProject")
        found = self._repositories.find(call.path["repo"], project or None)
        if found is None or not call.allows(RESOURCE, action, named(found[1])):
            raise denied()
        return found


def named(fields: Mapping[str, str]) -> str:
    """Return the name by which policies know a repository."""
    project, url = fields.get("project", ""), fields.get("url", "")
    return f"{project}/{url}" if project else url


def _credentials(fields: Mapping[str, str]) -> dict[str, Any]:
    shown = shown_fields(fields)
    shown["url"] = shown.pop("repo")
    return shown
