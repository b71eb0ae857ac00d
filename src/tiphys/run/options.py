"""What `tiphys run` is told."""

from pathlib import Path

import msgspec

from tiphys.kube.config import ClusterConfig
from tiphys.model.errors import InvalidInputError
from tiphys.sources.api import RendererOptions
from tiphys.sources.plugins import load_plugins


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What `tiphys run` is told.

    Attributes:
        config: the cluster that the Applications are in.
        home: where caches lie; may be deleted at any moment.
        namespace: of the installation.
        port: of the HTTP server.
        host: address that the HTTP server listens on.
        takes_over: write although an Argo CD application controller is alive.
        renderers: how sources are rendered.
        serves_ui: serve the web UI beside the API.
        metrics_host: address that the ports of metrics listen on.
        metrics_ports: of `/metrics`; empty for none.
        metrics_labels: labels of Applications that become labels of `argocd_app_labels`.
        metrics_conditions: types of conditions that `argocd_app_condition` counts.
        disables_auth: whoever reaches the server may do everything.
    """

    config: ClusterConfig
    home: Path
    namespace: str = "argocd"
    port: int = 8080
    host: str = "127.0.0.1"
    takes_over: bool = False
    renderers: RendererOptions = RendererOptions()
    serves_ui: bool = True
    disables_auth: bool = False
    metrics_host: str = "127.0.0.1"
    metrics_ports: tuple[int, ...] = (8082, 8083, 8084, 9001)
    metrics_labels: tuple[str, ...] = ()
    metrics_conditions: tuple[str, ...] = ()


def parse_ports(text: str) -> tuple[int, ...]:
    """Return the ports that a list names, divided by commas; none for an empty text.

    Raises:
        InvalidInputError: one of them is not a port.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        if not part.isdigit() or not 0 < int(part) < 65536:
            raise InvalidInputError(f"`{part[:32]}` is not a port", where="--metrics-ports")
    return tuple(map(int, parts))


def renderer_options(plugins: Path | None, *, helm_command: bool) -> RendererOptions:
    """Return how sources are rendered.

    Args:
        plugins: the folder of config management plugins, None for none.
        helm_command: run `helm` even where its library is installed.

    Raises:
        InvalidInputError: a plugin is not understood.
    """
    found = load_plugins(plugins) if plugins else ()
    return RendererOptions(helm_command=helm_command, plugins=found)
