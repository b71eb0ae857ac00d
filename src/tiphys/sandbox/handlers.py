"""What each method does, once it is known which objects a request is about."""

import base64
from collections.abc import Callable
from typing import Any

import orjson

from tiphys.sandbox.bodies import decoded
from tiphys.sandbox.registry import Registry, Written
from tiphys.sandbox.representation import as_metadata, as_table, wanted_form
from tiphys.sandbox.requests import Request
from tiphys.sandbox.scale import as_scale, with_scale
from tiphys.sandbox.selectors import EVERYTHING, parse_selectors
from tiphys.sandbox.statuses import StatusError, bad_request
from tiphys.sandbox.stored import Name, Stored
from tiphys.sandbox.subresources import Subresources
from tiphys.sandbox.writing import answered, shown
from tiphys.structured.patches.json_patch import apply_json_patch
from tiphys.structured.patches.merge_patch import apply_merge_patch
from tiphys.structured.patches.strategic import apply_strategic_patch
from tiphys.structured.patches.values import PatchError

Answer = tuple[int, Any, list[str]]
"""HTTP status, body, warnings."""


class Handlers:
    """Answers requests for objects; watches are answered elsewhere."""

    def __init__(self, registry: Registry, subresources: Subresources) -> None:
        self._registry, self._subresources = registry, subresources
        self._methods: dict[str, Callable[[Request], Answer]] = {
            "GET": self._get,
            "POST": self._create,
            "PUT": self._update,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    def answer(self, request: Request) -> Answer:
        """Carry out a request.

        Raises:
            StatusError: it fails.
        """
        act = self._methods.get(request.method)
        known = request.subresource in {"", *request.kind.subresources}
        if act is None or not known:
            message = "the server does not allow this method on the requested resource"
            raise StatusError(405, "MethodNotAllowed", message, {})
        return act(request)

    def show(self, request: Request, stored: Stored) -> Any:
        """Return an object in the form that a client asked for."""
        return shower(request)(stored)

    def _get(self, request: Request) -> Answer:
        if not request.name:
            return 200, self._list(request), []
        stored = self._registry.get(request.kind, request.namespace, request.name)
        if request.subresource == "scale":
            return 200, as_scale(request.kind, stored.manifest), []
        return 200, self.show(request, stored), []

    def _list(self, request: Request) -> dict[str, Any]:
        chosen = [stored for _, stored in self._chosen(request)]
        metadata: dict[str, Any] = {"resourceVersion": str(self._registry.store.version)}
        limit, start = int(request.query.get("limit") or 0), _offset(request)
        if limit and start + limit < len(chosen):
            token = orjson.dumps([start + limit, metadata["resourceVersion"]])
            metadata["continue"] = base64.urlsafe_b64encode(token).decode()
            metadata["remainingItemCount"] = len(chosen) - start - limit
        page = chosen[start : start + limit] if limit else chosen[start:]
        form = wanted_form(request.headers)
        if form == "Table":
            include = request.query.get("includeObject", "Metadata")
            manifests = [shown(request.kind, stored) for stored in page]
            return as_table(request.kind, manifests, metadata, include)
        if form:
            kind, api_version = "PartialObjectMetadata", "meta.k8s.io/v1"
        else:
            kind, api_version = request.kind.kind, request.kind.gvk.api_version
        return {
            "kind": f"{kind}List",
            "apiVersion": api_version,
            "metadata": metadata,
            "items": list(map(shower(request), page)),
        }

    def _chosen(self, request: Request) -> list[tuple[Name, Stored]]:
        selects = parse_selectors(
            request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        )
        found = self._registry.store.all(request.kind.collection, request.namespace)
        if selects is EVERYTHING:
            return found
        return [(name, stored) for name, stored in found if selects(stored.manifest)]

    def _create(self, request: Request) -> Answer:
        manifest = decoded(request)
        if request.subresource:
            return 201, self._subresources.create(request, manifest), []
        written = self._registry.create(request.kind, request.namespace, manifest, request.write)
        return 201, self.show(request, written.stored), written.warnings

    def _update(self, request: Request) -> Answer:
        manifest = decoded(request)
        key = (request.namespace, request.name)
        if request.subresource == "scale":
            return self._scale(request, lambda _: manifest)
        if request.subresource == "finalize":
            return 200, self.show(request, self._registry.get(request.kind, *key)), []
        written = self._registry.update(request.kind, *key, manifest, request.write)
        return 200, self.show(request, written.stored), written.warnings

    def _patch(self, request: Request) -> Answer:
        media = request.headers.get("content-type", "").partition(";")[0]
        key = (request.namespace, request.name)
        if media.startswith("application/apply-patch"):
            if not request.query.get("fieldManager"):
                raise bad_request(
                    "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is "
                    "required for apply patch"
                )
            existed = self._registry.store.get(request.kind.collection, key) is not None
            written = self._registry.apply(
                request.kind, key, decoded(request), request.write, force=request.flag("force")
            )
            return 200 if existed else 201, self.show(request, written.stored), written.warnings
        change = self._change(request, media)
        if request.subresource == "scale":
            return self._scale(request, change)
        written = self._registry.patch(request.kind, key, change, request.write)
        return 200, self.show(request, written.stored), written.warnings

    def _scale(
        self, request: Request, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Answer:
        key = (request.namespace, request.name)
        written: Written = self._registry.patch(
            request.kind,
            key,
            lambda live: with_scale(request.kind, live, change(as_scale(request.kind, live))),
            request.write,
        )
        return 200, as_scale(request.kind, written.manifest), []

    def _change(self, request: Request, media: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        patch = decoded(request)
        type_ = self._registry.kinds.type_of(request.kind)
        changes: dict[str, Callable[[dict[str, Any]], Any]] = {
            "application/json-patch+json": lambda live: apply_json_patch(live, patch),
            "application/merge-patch+json": lambda live: apply_merge_patch(live, patch),
            "application/strategic-merge-patch+json": lambda live: apply_strategic_patch(
                live, patch, type_
            ),
        }
        change = changes.get(media)
        if change is None or (request.kind.is_custom and "strategic" in media):
            raise StatusError(
                415, "UnsupportedMediaType", "the body of the request was in an unknown format"
            )

        def checked(live: dict[str, Any]) -> dict[str, Any]:
            try:
                changed: dict[str, Any] = change(live)
            except PatchError as err:
                raise StatusError(422, "Invalid", err.what) from err
            return changed

        return checked

    def _delete(self, request: Request) -> Answer:
        options: dict[str, Any] = orjson.loads(request.body) if request.body else {}
        if request.query.get("propagationPolicy"):
            options["propagationPolicy"] = request.query["propagationPolicy"]
        if request.query.get("dryRun"):
            options["dryRun"] = ["All"]
        if not request.name:
            return 200, self._delete_all(request, options), []
        stored, is_gone = self._registry.delete(
            request.kind, request.namespace, request.name, options
        )
        if not is_gone or request.kind.plural in {"pods", "services"}:
            return 200, self.show(request, stored), []
        metadata = stored.manifest["metadata"]
        details = {
            "name": metadata["name"],
            **({"group": request.kind.group} if request.kind.group else {}),
            "kind": request.kind.plural,
            "uid": metadata["uid"],
        }
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }
        return 200, status, []

    def _delete_all(self, request: Request, options: dict[str, Any]) -> dict[str, Any]:
        listed = self._list(request)
        for namespace, name in [key for key, _ in self._chosen(request)]:
            self._registry.delete(request.kind, namespace, name, options)
        return listed


def shower(request: Request) -> Callable[[Stored], Any]:
    """Return what turns objects into the form that a client asked for."""
    form, kind = wanted_form(request.headers), request.kind
    if form == "Table":
        include = request.query.get("includeObject", "Metadata")
        return lambda stored: as_table(kind, [shown(kind, stored)], {}, include)
    if form:
        return lambda stored: as_metadata(stored.manifest)
    return lambda stored: answered(kind, stored)


def _offset(request: Request) -> int:
    token = request.query.get("continue")
    if not token:
        return 0
    try:
        return int(orjson.loads(base64.urlsafe_b64decode(token))[0])
    except (ValueError, orjson.JSONDecodeError, IndexError, TypeError) as err:
        raise bad_request("continue key is not valid") from err
