"""What makes an Application do something: sync, rollback, terminate."""

from typing import Any

from tiphys.delivery.applications import decode_application
from tiphys.delivery.requests import SyncRequest, rollback_patch, sync_patch, terminate_patch
from tiphys.delivery.sync_windows import require_open_window
from tiphys.model.application import Application
from tiphys.model.errors import InvalidInputError, PreconditionError
from tiphys.model.keys import Manifest
from tiphys.model.source import Record
from tiphys.server.application_finder import ApplicationFinder, key_of_application
from tiphys.server.application_rows import presented
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.routes.applications import SERVICE
from tiphys.server.table import Endpoint, of_application


class Force(Record, frozen=True):
    """How hard a strategy tries."""

    force: bool = False


class Strategy(Record, frozen=True):
    """`apply` runs no hooks, `hook` does."""

    apply: Force | None = None
    hook: Force | None = None


class SyncOptionItems(Record, frozen=True):
    """Sync options of one sync."""

    items: tuple[str, ...] = ()


class InfoPair(Record, frozen=True):
    """A free pair that is kept with the operation."""

    name: str = ""
    value: str = ""


class SyncBody(Record, frozen=True):
    """`POST /applications/{name}/sync`; what is left out stays as the Application says."""

    app_namespace: str = ""
    project: str = ""
    revision: str = ""
    revisions: tuple[str, ...] = ()
    source_positions: tuple[int, ...] = ()
    dry_run: bool = False
    prune: bool = False
    strategy: Strategy | None = None
    resources: tuple[dict[str, Any], ...] | None = ()
    manifests: tuple[str, ...] | None = ()
    infos: tuple[InfoPair, ...] | None = ()
    retry_strategy: dict[str, Any] | None = None
    sync_options: SyncOptionItems | None = None


class RollbackBody(Record, frozen=True):
    """`POST /applications/{name}/rollback`: an entry of the history; 0 is the last but one."""

    app_namespace: str = ""
    project: str = ""
    id: int = 0
    dry_run: bool = False
    prune: bool = False


class OperationRoutes:
    """Answers what makes an Application do something."""

    def __init__(self, context: ApiContext, finder: ApplicationFinder) -> None:
        self._context, self._finder = context, finder

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        return [
            Endpoint(
                method="POST",
                path="/api/v1/applications/{name}/sync",
                service=SERVICE,
                rpc="Sync",
                permission=of_application("get"),
                handler=self.sync,
                answer=Application,
                body=SyncBody,
            ),
            Endpoint(
                method="POST",
                path="/api/v1/applications/{name}/rollback",
                service=SERVICE,
                rpc="Rollback",
                permission=of_application("get"),
                handler=self.rollback,
                answer=Application,
                body=RollbackBody,
            ),
            Endpoint(
                method="DELETE",
                path="/api/v1/applications/{name}/operation",
                service=SERVICE,
                rpc="TerminateOperation",
                permission=of_application("get"),
                handler=self.terminate,
                query=("appNamespace", "project"),
            ),
        ]

    async def sync(self, call: Call) -> Manifest:
        """POST /api/v1/applications/{name}/sync: ask for a sync; answer before it runs."""
        body: SyncBody = call.body
        app = decode_application(call.application)
        self._require_open_window(app)
        self._finder.require_application(call, "sync")
        settings = self._context.installation.settings
        guarded = settings.guards_revisions and bool(_other_revisions(app, body))
        if body.manifests or guarded:
            self._finder.require_application(call, "override")
        _require_own_revisions(app, body)
        request = _sync_request(body)
        return await self._ask(call, lambda found: sync_patch(found, request, _user(call)))

    async def rollback(self, call: Call) -> Manifest:
        """POST /api/v1/applications/{name}/rollback: ask for what was deployed before."""
        body: RollbackBody = call.body
        is_right = self._context.installation.settings.enforces_rollback
        self._finder.require_application(call, "rollback" if is_right else "sync")
        self._require_open_window(decode_application(call.application))
        how = {"prune": body.prune, "dry_run": body.dry_run}
        wanted = body.id or None
        return await self._ask(
            call, lambda found: rollback_patch(found, wanted, _user(call), **how)
        )

    async def terminate(self, call: Call) -> Manifest:
        """DELETE /api/v1/applications/{name}/operation: end the running operation."""
        self._finder.require_application(call, "sync")
        await self._ask(call, terminate_patch)
        return {}

    async def _ask(self, call: Call, make: Any) -> Manifest:
        try:
            written = await self._context.applications.ask(
                key_of_application(call.application), make
            )
        except InvalidInputError as err:
            # What stands in the way is the state of the Application, not the request.
            raise PreconditionError(err.what, where=err.where, hint=err.hint) from err
        self._context.installation.collections.applications.observe(written)
        return presented(written)

    def _require_open_window(self, app: Application) -> None:
        project = self._context.installation.project(app.project)
        require_open_window(app, project, self._context.clock())


def _require_own_revisions(app: Application, body: SyncBody) -> None:
    """Check that a sync to another revision is not undone at once by an automated one.

    Raises:
        PreconditionError: it would be.
    """
    if body.dry_run or not app.spec.policy.is_automated:
        return
    if body.manifests:
        raise PreconditionError("cannot use local sync when Automatic Sync Policy is enabled")
    others = _other_revisions(app, body) - set(app.status.sync.all_revisions)
    if others:
        own = ", ".join(sorted(_own_revisions(app)))
        wanted = ", ".join(sorted(others))
        raise PreconditionError(f"Cannot sync to {wanted}: auto-sync currently set to {own}")


def _own_revisions(app: Application) -> set[str]:
    return {source.target_revision or "HEAD" for source in app.spec.all_sources}


def _other_revisions(app: Application, body: SyncBody) -> set[str]:
    """Return the revisions that are asked for and are not the Application's own."""
    asked = {revision for revision in (body.revision, *body.revisions) if revision}
    return asked - _own_revisions(app)


def _sync_request(body: SyncBody) -> SyncRequest:
    strategy = body.strategy or Strategy()
    chosen = strategy.apply or strategy.hook
    revisions = body.revisions if body.source_positions else ()
    return SyncRequest(
        revisions=revisions or ((body.revision,) if body.revision else ()),
        positions=body.source_positions,
        prune=body.prune,
        dry_run=body.dry_run,
        force=chosen is not None and chosen.force,
        strategy="apply" if strategy.apply is not None else "hook",
        resources=body.resources or (),
        sync_options=body.sync_options.items if body.sync_options is not None else (),
        retry=body.retry_strategy,
        info=tuple((pair.name, pair.value) for pair in body.infos or ()),
    )


def _user(call: Call) -> str:
    return call.identity.username or call.identity.subject or "anonymous"
