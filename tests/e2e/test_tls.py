"""A server that others can reach speaks TLS, with a certificate that is made, kept and replaced."""

import base64
import ssl
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.api import Api, eventually
from tests.e2e.world import Process, free_port, sandbox_process
from tiphys.delivery.certificate import self_signed


def certificate_of(port: int) -> str:
    return ssl.get_server_certificate(("127.0.0.1", port)).strip()


def answer(url: str) -> tuple[int, str]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(url, timeout=10, context=context) as response:
        return int(response.status), str(response.url)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    with sandbox_process(tmp_path / "sandbox") as (kubeconfig, _):
        yield kubeconfig


def test_a_server_that_others_can_reach_speaks_tls(cluster: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "tiphys.log"
    command = [sys.executable, "-m", "tiphys", "run", "--kubeconfig", str(cluster)]
    options = ["--host", "0.0.0.0", "--port", str(port), "--home", str(tmp_path / "cache")]
    api = Api(cluster)
    process = Process([*command, *options], log)
    try:
        eventually("it delivers", lambda: "delivering" in log.read_text(), 60)

        assert answer(f"https://127.0.0.1:{port}/healthz")[0] == 200
        assert answer(f"http://127.0.0.1:{port}/healthz")[1].startswith("http://")
        redirected = answer(f"http://127.0.0.1:{port}/api/version")
        assert redirected == (200, f"https://127.0.0.1:{port}/api/version")
        kept = api.get("Secret", "argocd", "argocd-secret")["data"]["tls.crt"]
        assert certificate_of(port) == base64.b64decode(kept).decode().strip()

        replaced = self_signed("elsewhere", lambda: datetime.now(UTC))
        metadata = {"name": "argocd-server-tls", "namespace": "argocd"}
        data = {"tls.crt": replaced.certificate, "tls.key": replaced.key}
        api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
        eventually(
            "the new certificate is shown",
            lambda: certificate_of(port) == replaced.certificate.strip(),
            10,
        )
    finally:
        process.kill()
    assert "PRIVATE KEY" not in log.read_text()
