"""A real Alertmanager takes our alerts."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tiphys.engine.notifications.configuration import ServiceConfig
from tiphys.notifications.http import Http
from tiphys.notifications.message import Message
from tiphys.notifications.services.catalogue import make_service

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip("no Alertmanager here: apt-get install prometheus-alertmanager")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = tmp_path / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    running = subprocess.Popen(
        [
            PROGRAM,
            f"--config.file={config}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while not _answers(address):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield address
    finally:
        running.kill()
        running.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=2):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _alerts(address: str) -> Any:
    with urllib.request.urlopen(f"http://{address}/api/v2/alerts", timeout=5) as answer:
        return json.load(answer)


async def test_an_alert_is_raised_once(address: str) -> None:
    http = Http()
    options = {"targets": [address]}
    service = make_service(ServiceConfig(name="am", type="alertmanager", options=options), http)
    block = {
        "labels": {"alertname": "shop-degraded", "app": "shop"},
        "annotations": {"summary": "Shop is degraded"},
        "generatorURL": "https://cd.example/applications/shop",
    }
    await service.send(Message(text="x", block=block), "")
    await service.send(Message(text="x", block=block), "")
    await http.close()
    [alert] = _alerts(address)

    assert alert["labels"] == {"alertname": "shop-degraded", "app": "shop"}
    assert alert["annotations"] == {"summary": "Shop is degraded"}
    assert alert["generatorURL"] == "https://cd.example/applications/shop"
