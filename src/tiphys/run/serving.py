"""The server's role: the REST API, webhooks and health on one port."""

import socket
from collections.abc import Callable, Mapping

import uvicorn
from starlette.routing import BaseRoute

from tiphys.delivery.actions import ResourceActions
from tiphys.delivery.clock import system_clock
from tiphys.delivery.read_model import HeldModel
from tiphys.delivery.repositories import Repositories
from tiphys.delivery.stored_applications import Applications
from tiphys.kube.events import EventRecorder
from tiphys.model.push import PushEvent
from tiphys.run.login import login_parts
from tiphys.run.parts import Parts
from tiphys.run.quiet_server import QuietServer
from tiphys.run.tls import serving_context, speaks_tls
from tiphys.server.api import api_routes
from tiphys.server.app import create_server
from tiphys.server.application_feed import ApplicationFeed
from tiphys.server.application_rows import EncodedApplications
from tiphys.server.context import ApiContext
from tiphys.server.routes.webhook import webhook_route
from tiphys.server.sessions.room import LoginRoom
from tiphys.server.static import WebUi, built_ui, ui_routes
from tiphys.server.tls_port import SendToHttps, TlsServer

_MANAGER = "argocd-server"


class Server:
    """Answers HTTP until it is stopped."""

    def __init__(
        self, parts: Parts, on_push: Callable[[PushEvent], None], is_ready: Callable[[], bool]
    ) -> None:
        self._options, self._on_push = parts.options, on_push
        self._metrics = parts.metrics.server
        self.events = EventRecorder(parts.home, _MANAGER, system_clock)
        installation = parts.installation
        routes: list[BaseRoute] = [
            webhook_route(
                self._pushed,
                secrets=lambda: installation.secret("argocd-secret"),
                max_bytes=lambda: installation.settings.webhook_max_bytes,
            )
        ]
        login = login_parts(parts, self.events)
        routes += [*login.routes, *api_routes(self._context(parts, login.room))]
        # The UI answers whatever nobody else does, so it comes last.
        root_path = root_path_of(installation.config_map("argocd-cmd-params-cm"))
        routes += ui_routes(
            WebUi(
                folder=built_ui() if self._options.serves_ui else None,
                root_path=root_path,
                css_url=lambda: installation.config_map("argocd-cm").get("ui.cssurl", ""),
            )
        )
        self._app = create_server(routes, is_ready=is_ready, root_path=root_path)
        self._parts = parts

    def _pushed(self, push: PushEvent) -> None:
        self._metrics.pushed(push.urls)
        self._on_push(push)

    def _context(self, parts: Parts, login: LoginRoom) -> ApiContext:
        installation, encoded = parts.installation, EncodedApplications()
        model = HeldModel(installation, parts.clusters, parts.findings, parts.comparer)
        return ApiContext(
            access=login.access,
            login=login,
            metrics=parts.metrics,
            installation=installation,
            model=model,
            clusters=parts.clusters,
            home=parts.home,
            applications=Applications(parts.home, installation.namespace, _MANAGER),
            targets=parts.targets,
            comparer=parts.comparer,
            sources=parts.sources,
            repositories=Repositories(installation, parts.home, system_clock),
            actions=ResourceActions(
                lambda: installation.settings.customizations, installation.interpreters
            ),
            events=self.events,
            clock=system_clock,
            encoded=encoded,
            feed=ApplicationFeed(model, encoded),
        )

    async def serve(self, listening: socket.socket) -> None:
        """Answer on a socket until cancelled."""
        uses_tls = speaks_tls(self._parts)
        config = uvicorn.Config(
            SendToHttps(self._app) if uses_tls else self._app,
            host=self._options.host,
            port=self._options.port,
            access_log=False,
            log_config=None,
            lifespan="off",
            server_header=False,
            # A header that anybody can send must not say where a request comes from.
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        if uses_tls:
            context = await serving_context(self._parts)
            await TlsServer(config, context).serve(sockets=[listening])
        else:
            await QuietServer(config).serve(sockets=[listening])


def root_path_of(params: Mapping[str, str]) -> str:
    """Return the prefix that everything is served under, "" for none: `server.rootpath`."""
    root = params.get("server.rootpath", "").strip().strip("/")
    return f"/{root}" if root else ""
