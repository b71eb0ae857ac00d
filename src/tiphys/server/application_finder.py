"""Finds the Application that a call is about, and tells no more than the caller may know.

Who names no project learns only "permission denied", whether there is no such Application or they
may not see it. Who names the project that they may use learns that it does not exist there.

Source: Argo CD security considerations, "Application existence"; its API server's lookup.
"""

from typing import Any

from tiphys.delivery.installation import Installation
from tiphys.delivery.read_model import ReadModel
from tiphys.engine.globs import names_any
from tiphys.model.errors import InvalidInputError, NotFoundError
from tiphys.model.keys import Manifest
from tiphys.model.labels import DEFAULT_PROJECT
from tiphys.server.call import Call, denied

RESOURCE = "applications"
_NAMES = ("name", "applicationName", "appName")


class ApplicationFinder:
    """Finds Applications for calls."""

    def __init__(self, installation: Installation, model: ReadModel) -> None:
        self._installation, self._model = installation, model

    async def find(self, call: Call, action: str) -> Manifest:
        """Return the Application of a call.

        Raises:
            PermissionDeniedError: the caller may not do this to it, or there is no such one.
            NotFoundError: the caller named a project that they may use, and it is not in it.
        """
        name = next(call.path[found] for found in _NAMES if found in call.path)
        namespace = _asked(call, "appNamespace") or self._installation.namespace
        project = _asked(call, "project")
        if project:
            named = self.object_name(project, namespace, name)
            if not call.allows(RESOURCE, action, named):
                raise denied()
        found = self._known(namespace, name)
        if found is None or (project and project_of(found) != project):
            if project:
                raise NotFoundError(f'{RESOURCE}.argoproj.io "{name}" not found')
            raise denied()
        if not call.allows(RESOURCE, action, self.named(found)):
            raise denied()
        return found

    def _known(self, namespace: str, name: str) -> Manifest | None:
        return self._model.get(f"{namespace}/{name}") if self.is_permitted(namespace) else None

    def is_permitted(self, namespace: str) -> bool:
        """Return whether Applications may be in a namespace."""
        permitted = self._installation.settings.application_namespaces
        is_home = namespace == self._installation.namespace
        return is_home or names_any(permitted, namespace)

    def require_permitted(self, namespace: str) -> None:
        """Check that Applications may be in a namespace.

        Raises:
            InvalidInputError: they may not.
        """
        if not self.is_permitted(namespace):
            raise InvalidInputError(f"namespace '{namespace}' is not permitted")

    def require(self, call: Call, resource: str, action: str) -> None:
        """Check another permission on the Application of a call.

        Raises:
            PermissionDeniedError: the caller lacks it.
        """
        call.require(resource, action, self.named(call.application))

    def require_application(self, call: Call, action: str) -> None:
        """Check another action on the Application of a call, telling nothing when it fails.

        Raises:
            PermissionDeniedError: the caller may not do it.
        """
        if not call.allows(RESOURCE, action, self.named(call.application)):
            raise denied()

    def require_fine(self, call: Call, action: str, fine: str) -> None:
        """Check a right on an object of the Application of a call.

        Args:
            call: with its Application.
            action: on Applications, "update" or "delete", or "" for none; it is enough where the
                installation lets rights be inherited.
            fine: with the object: "update/apps/Deployment/shop/web".

        Raises:
            PermissionDeniedError: the caller lacks it.
        """
        named = self.named(call.application)
        inherits = bool(action) and self._installation.settings.inherits_fine_grained
        if not (inherits and call.allows(RESOURCE, action, named)):
            call.require(RESOURCE, fine, named)

    def named(self, app: Manifest) -> str:
        """Return the name by which policies know an Application."""
        metadata = app["metadata"]
        return self.object_name(project_of(app), metadata.get("namespace", ""), metadata["name"])

    def object_name(self, project: str, namespace: str, name: str) -> str:
        """Return the name by which policies know an Application of a project."""
        if namespace in {"", self._installation.namespace}:
            return f"{project}/{name}"
        return f"{project}/{namespace}/{name}"

    def sees(self, call: Call, app: Manifest) -> bool:
        """Return whether a caller may see an Application at all."""
        namespace = app["metadata"].get("namespace", "")
        return self.is_permitted(namespace) and call.allows(RESOURCE, "get", self.named(app))


def project_of(app: Manifest) -> str:
    """Return the project of an Application."""
    return str((app.get("spec") or {}).get("project") or DEFAULT_PROJECT)


def key_of_application(app: Manifest) -> str:
    """Return the "namespace/name" of an Application."""
    return f"{app['metadata']['namespace']}/{app['metadata']['name']}"


def _asked(call: Call, name: str) -> str:
    """Return what the body or the query says; of the two the body."""
    body: Any = call.body
    if isinstance(body, dict):
        value = body.get(name)
    else:
        value = getattr(body, {"appNamespace": "app_namespace"}.get(name, name), None)
    return str(value) if isinstance(value, str) and value else call.query(name)
