"""Applications as their cluster stores them: read, written, asked to do something."""

import asyncio
from collections.abc import Callable

from tiphys.engine.globs import names_any
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, InvalidInputError, NotFoundError, TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest, ResourceKey
from tiphys.model.labels import API_GROUP, REFRESH
from tiphys.settings.settings import parse_settings

APPLICATION = GroupVersionKind(API_GROUP, "v1alpha1", "Application")
_CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
_POLL_S = 0.1
_ATTEMPTS = 5
_REFRESH_LIMIT_S = 60


class Applications:
    """The Applications of one cluster.

    A name is that of an Application in one namespace, or `namespace/name`.
    """

    def __init__(self, client: KubeClient, namespace: str, manager: str = "tiphys-cli") -> None:
        """Use a client.

        Args:
            client: of the cluster that the Applications are in.
            namespace: of those that are named without one.
            manager: the field manager of what is written.
        """
        self.client, self.namespace, self._manager = client, namespace, manager

    def key(self, name: str) -> ResourceKey:
        """Return which object a name means."""
        namespace, _, own = name.rpartition("/")
        return ResourceKey(API_GROUP, "Application", namespace or self.namespace, own)

    async def get(self, name: str) -> Manifest:
        """Return an Application.

        Raises:
            NotFoundError: there is none of that name.
        """
        key = self.key(name)
        found = await self.client.get(APPLICATION, key.namespace, key.name)
        if found is None:
            raise NotFoundError(
                f'applications.argoproj.io "{key.name}" not found',
                where=key.namespace,
                hint="List what there is with `tiphys app list`.",
            )
        return found

    async def selected(self, selector: str = "") -> list[Manifest]:
        """Return the Applications that a label selector picks, sorted by name.

        Where the settings of the namespace name others, their Applications are among them.
        """
        chosen = {"labelSelector": selector} if selector else {}
        also_in = await self._also_in()
        found = await self.client.list(APPLICATION, "" if also_in else self.namespace, **chosen)
        return sorted(
            (app for app in found if self._is_here(app["metadata"]["namespace"], also_in)),
            key=lambda app: (str(app["metadata"]["name"]), str(app["metadata"]["namespace"])),
        )

    def _is_here(self, namespace: str, also_in: tuple[str, ...]) -> bool:
        return namespace == self.namespace or names_any(also_in, namespace)

    async def _also_in(self) -> tuple[str, ...]:
        try:
            params = await self.client.get(_CONFIG_MAP, self.namespace, "argocd-cmd-params-cm")
        except ApiError:
            return ()  # whoever may not read settings sees the Applications of this namespace
        return parse_settings({}, (params or {}).get("data") or {}).application_namespaces

    async def chosen(
        self, names: tuple[str, ...], selector: str, projects: tuple[str, ...] = ()
    ) -> list[Manifest]:
        """Return the Applications that are named, or that a selector or their project picks.

        Raises:
            InvalidInputError: neither is given, or the selector picks none.
            NotFoundError: one that is named does not exist.
        """
        if names:
            return [await self.get(name) for name in names]
        if not (selector or projects):
            raise InvalidInputError(
                "no application is named", hint="Name one, or choose by labels with -l."
            )
        found = await self.selected(selector)
        if projects:
            found = [app for app in found if app["spec"].get("project", "default") in projects]
        if not found:
            asked = selector or ", ".join(projects)
            raise InvalidInputError(f"no application is chosen by `{asked}`")
        return found

    async def patch(self, name: str, patch: Manifest, **params: str) -> Manifest:
        """Merge a patch into an Application and return it."""
        return await self.client.patch(
            APPLICATION, self.key(name), patch, **{"fieldManager": self._manager, **params}
        )

    async def ask(self, name: str, make: Callable[[Manifest], Manifest]) -> Manifest:
        """Merge a patch that is made from what stands there; anew when others write meanwhile."""
        for attempt in range(_ATTEMPTS):
            app = await self.get(name)
            try:
                return await self.patch(name, make(app))
            except ApiError as err:
                if err.status_reason != "Conflict" or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def replace(self, app: Manifest) -> Manifest:
        """Write an Application that was read before and changed."""
        return await self.client.replace(app, manager=self._manager)

    async def refresh(self, name: str, *, hard: bool, timeout_s: int = 0) -> Manifest:
        """Have the controller compare an Application anew, and return it when it has.

        Raises:
            TiphysError: it did not answer in time; 0 is a minute.
        """
        kind = "hard" if hard else "normal"
        limit_s = timeout_s or _REFRESH_LIMIT_S
        await self.patch(name, {"metadata": {"annotations": {REFRESH: kind}}})
        try:
            async with asyncio.timeout(limit_s):
                return await self._refreshed(name)
        except TimeoutError:
            raise TiphysError(
                f"timed out ({limit_s}s) waiting for the refresh{_running(await self.get(name))}",
                where=name,
                hint="See that the controller runs.",
            ) from None

    async def _refreshed(self, name: str) -> Manifest:
        while True:
            found = await self.get(name)
            if REFRESH not in (found["metadata"].get("annotations") or {}):
                return found
            await asyncio.sleep(_POLL_S)


def _running(app: Manifest) -> str:
    """Return what an Application is busy with, "" for nothing."""
    if app["metadata"].get("deletionTimestamp"):
        return "; the application is being deleted"
    if not app.get("operation"):
        return ""
    state = (app.get("status") or {}).get("operationState") or {}
    return f"; an operation is in progress: {state.get('message') or state.get('phase', '')}"
