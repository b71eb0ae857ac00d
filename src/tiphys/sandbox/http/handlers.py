"""What each method does, once it is known which objects a request is about."""

from collections.abc import Callable
from typing import Any

from tiphys.sandbox.http.bodies import Body, read_body
from tiphys.sandbox.http.checks import (
    check_applied,
    check_kind,
    check_named,
    check_served,
    check_version_given,
    strictly,
)
from tiphys.sandbox.http.lists import select
from tiphys.sandbox.http.options import asked_version, check_options, deletion_options, too_new
from tiphys.sandbox.http.patching import Patch
from tiphys.sandbox.http.representation import as_metadata, as_table, check_acceptable, wanted_form
from tiphys.sandbox.http.requests import APPLY_MEDIA, Request
from tiphys.sandbox.http.subresources import Subresources
from tiphys.sandbox.lifecycle.namespaces import finalize
from tiphys.sandbox.registry.registry import Registry, Written
from tiphys.sandbox.registry.scale import applied_scale, as_scale, to_be_scaled, with_scale
from tiphys.sandbox.registry.writing import StrictError, Write, answered, listed, shown
from tiphys.sandbox.statuses import StatusError
from tiphys.sandbox.storage.stored import Stored
from tiphys.sandbox.typed.decoding import read_typed, unreadable
from tiphys.sandbox.typed.defaulting import kind_name
from tiphys.sandbox.typed.scalars import DecodeError

MADE_BY_UPDATE = {
    "Endpoints", "Event", "Event.events.k8s.io", "LimitRange", "Service",
    "Lease.coordination.k8s.io", "RuntimeClass.node.k8s.io",
    "Role.rbac.authorization.k8s.io", "RoleBinding.rbac.authorization.k8s.io",
    "ClusterRole.rbac.authorization.k8s.io", "ClusterRoleBinding.rbac.authorization.k8s.io",
}  # fmt: skip
"""Kinds of which an update of a missing object makes one."""

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
        check_served(request)
        check_acceptable(request)
        check_options(request)
        return self._methods[request.method](request)

    def show(self, request: Request, stored: Stored) -> Any:
        """Return an object in the form that a client asked for."""
        return shower(request)(stored)

    def _get(self, request: Request) -> Answer:
        if not request.name:
            return 200, self._list(request), []
        version = asked_version(request)
        if version > self._registry.store.version:
            raise too_new(version, self._registry.store.version)
        stored = self._registry.get(request.kind, request.namespace, request.name)
        if request.subresource == "scale":
            return 200, as_scale(request.kind, stored.manifest), []
        return 200, self.show(request, stored), []

    def _list(self, request: Request) -> dict[str, Any]:
        found, metadata = select(self._registry.store, request)
        page = [stored for _, stored in found]
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
            "items": [listed(request.kind, stored) for stored in page]
            if not form
            else list(map(shower(request), page)),
        }

    def _create(self, request: Request) -> Answer:
        if request.subresource:
            return 201, self._subresources.create(request), []
        body, write = self._read(request)
        try:
            written = self._registry.create(request.kind, request.namespace, body.value, write)
        except StrictError as err:
            raise unreadable(request.kind, err.text) from err
        return 201, self.show(request, written.stored), written.warnings

    def _update(self, request: Request) -> Answer:
        key = (request.namespace, request.name)
        if request.subresource == "scale":
            scale = read_body(request).value
            check_named(request, scale)
            return self._scale(request, lambda _: scale)
        if request.subresource == "finalize":
            sent = read_body(request).value
            return 200, finalize(self._registry, request.kind, request.name, sent), []
        body, write = self._read(request)
        check_named(request, body.value)
        is_new = self._registry.store.get(request.kind.collection, key) is None
        try:
            if is_new and kind_name(request.kind) in MADE_BY_UPDATE:
                written = self._registry.create(request.kind, request.namespace, body.value, write)
                return 201, self.show(request, written.stored), written.warnings
            if not is_new:
                check_version_given(request, body.value)
            written = self._registry.update(request.kind, *key, body.value, write)
        except StrictError as err:
            raise unreadable(request.kind, err.text) from err
        return 200, self.show(request, written.stored), written.warnings

    def _patch(self, request: Request) -> Answer:
        key = (request.namespace, request.name)
        if request.media == APPLY_MEDIA:
            return self._apply(request, key)
        patch = Patch(self._registry.kinds, request)
        if request.subresource == "scale":
            return self._scale(request, patch.changed)
        write = request.write._replace(problems=patch.problems)
        try:
            written = self._registry.patch(request.kind, key, patch.changed, write)
        except StrictError as err:
            raise patch.refused(err.text) from err
        except StatusError as err:
            err.warnings = list(dict.fromkeys([*patch.warnings, *err.warnings]))
            raise
        warnings = [*patch.warnings, *written.warnings]
        return 200, self.show(request, written.stored), list(dict.fromkeys(warnings))

    def _apply(self, request: Request, key: tuple[str, str]) -> Answer:
        body = read_body(request)
        live = None
        if request.subresource and kind_name(request.kind) not in MADE_BY_UPDATE:
            live = self._registry.get(request.kind, *key)  # a part alone makes no object
        existed = self._registry.store.get(request.kind.collection, key) is not None
        check_applied(request, body, is_there=existed)
        # An unknown field is no warning here: a configuration cannot own it.
        write = request.write._replace(validation="Ignore", is_apply=True)
        force, applied = request.flag("force"), body.value
        if request.subresource == "scale" and live is not None:
            applied = applied_scale(request.kind, request.name, applied, live.manifest)
            write = write._replace(subresource="scale")
            written = self._registry.apply(request.kind, key, applied, write, force=force)
            return 200, as_scale(request.kind, written.manifest), []
        written = self._registry.apply(request.kind, key, applied, write, force=force)
        repeated = [] if request.write.validation == "Ignore" else body.repeated
        warnings = [*repeated, *written.warnings]
        return 200 if existed else 201, self.show(request, written.stored), warnings

    def _read(self, request: Request) -> tuple[Body, Write]:
        """Return the object that is sent, checked as far as its kind tells, and how to write it."""
        body, write = read_body(request), request.write
        check_kind(self._registry.kinds, request, body.value)
        try:
            read = read_typed(request.kind, body.value)
        except DecodeError as err:
            raise unreadable(request.kind, err) from err
        typed, write = body._replace(value=read.manifest), write._replace(is_typed=True)
        is_plain = read.is_known and body.raw is None and not body.repeated
        if write.validation == "Ignore" or (is_plain and not request.kind.is_custom):
            return typed, write
        problems = list(strictly(self._registry.kinds, request.kind, body))
        if problems and write.validation == "Strict" and not request.kind.is_custom:
            raise unreadable(request.kind, StrictError(problems).text)
        return typed, write._replace(problems=tuple(problems))

    def _scale(
        self, request: Request, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Answer:
        key = (request.namespace, request.name)
        written: Written = self._registry.patch(
            request.kind,
            key,
            lambda live: with_scale(request.kind, live, change(to_be_scaled(request.kind, live))),
            request.write._replace(subresource="scale"),
        )
        return 200, as_scale(request.kind, written.manifest), []

    def _delete(self, request: Request) -> Answer:
        options = deletion_options(request)
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
        for (namespace, name), _ in select(self._registry.store, request).found:
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
