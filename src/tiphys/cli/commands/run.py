"""`tiphys run`: the controller and the server in one process."""

from pathlib import Path

import click

from tiphys.cli import processes


@click.command()
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="leave out inside a pod")
@click.option("--context", default="", help="of the kubeconfig", show_default="the current one")
@click.option("--namespace", default="argocd", show_default=True, help="of the Applications")
@click.option(
    "--home", type=click.Path(path_type=Path), help="for caches", show_default="~/.cache/tiphys"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", default=8080, show_default=True, help="of the HTTP server")
@click.option(
    "--take-over", is_flag=True, help="write even while Argo CD's application controller is alive"
)
@click.option(
    "--plugins",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="folder of config management plugins: NAME/plugin.yaml",
)
@click.option("--helm-command", is_flag=True, help="run `helm` instead of the library of a package")
@click.option("--no-ui", is_flag=True, help="serve the API alone")
@click.option("--disable-auth", is_flag=True, help="let whoever reaches the server do everything")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="of the metrics")
@click.option(
    "--metrics-ports",
    default="8082,8083,8084,9001",
    show_default=True,
    help="where /metrics is served; empty for nowhere",
)
@click.option(
    "--metrics-application-labels", multiple=True, help="label to show in argocd_app_labels"
)
@click.option(
    "--metrics-application-conditions",
    multiple=True,
    help="type of condition to count in argocd_app_condition",
)
@click.option("--log-level", default="INFO", show_default=True)
def run(
    kubeconfig: Path | None,
    context: str,
    namespace: str,
    home: Path | None,
    host: str,
    port: int,
    take_over: bool,
    plugins: Path | None,
    helm_command: bool,
    no_ui: bool,
    disable_auth: bool,
    metrics_host: str,
    metrics_ports: str,
    metrics_application_labels: tuple[str, ...],
    metrics_application_conditions: tuple[str, ...],
    log_level: str,
) -> None:
    """Run the controller and the server until stopped."""
    # Only the process that serves pays for loading the controller.
    import uvloop  # noqa: PLC0415

    from tiphys.kube.in_cluster import in_cluster_config  # noqa: PLC0415
    from tiphys.kube.kubeconfig import load_kubeconfig  # noqa: PLC0415
    from tiphys.run.options import Options, parse_ports, renderer_options  # noqa: PLC0415
    from tiphys.run.process import run  # noqa: PLC0415
    from tiphys.telemetry.logs import set_up_logs  # noqa: PLC0415

    set_up_logs(log_level.upper())
    config = load_kubeconfig(kubeconfig, context) if kubeconfig else in_cluster_config()
    folder = (home or Path.home() / ".cache" / "tiphys").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    renderers = renderer_options(plugins, helm_command=helm_command)
    options = Options(
        config=config,
        home=folder,
        namespace=namespace,
        host=host,
        port=port,
        takes_over=take_over,
        renderers=renderers,
        serves_ui=not no_ui,
        disables_auth=disable_auth,
        metrics_host=metrics_host,
        metrics_ports=parse_ports(metrics_ports),
        metrics_labels=metrics_application_labels,
        metrics_conditions=metrics_application_conditions,
    )
    processes.collect_less_garbage()
    uvloop.run(run(options))
    processes.leave()
