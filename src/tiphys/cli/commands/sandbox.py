"""`tiphys sandbox`: an embedded cluster, a process of its own."""

from pathlib import Path

import click

from tiphys.cli import processes


@click.command()
@click.option("--home", type=click.Path(path_type=Path), required=True, help="where its state lies")
@click.option("--port", default=0, show_default="a free one", help="port of the Kubernetes API")
@click.option("--git-port", type=int, help="serve Git repositories of HOME/git on this port")
@click.option("--webhook-url", help="told of each push to the Git server, in GitHub's shape")
def sandbox(home: Path, port: int, git_port: int | None, webhook_url: str | None) -> None:
    """Run an embedded cluster to try and test; never a place for production.

    It writes HOME/kubeconfig once it is ready, and runs until it is stopped.
    """
    # The server's libraries are loaded only by the process that serves.
    with processes.no_garbage_collection():
        from tiphys.sandbox.main import run_sandbox  # noqa: PLC0415

    # It makes hardly any cycles, and holds some hundred thousand parts of what it decoded lately.
    processes.collect_less_garbage(500_000)
    run_sandbox(home, port, git_port, webhook_url)
    processes.leave()
