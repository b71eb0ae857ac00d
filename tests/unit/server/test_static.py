"""The web UI's files: what is served, how long it is kept, and what the page may load."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tiphys.server.static import WebUi, ui_routes

INDEX = '<head><base href="/" /><script nonce="__NONCE__">1</script></head><body nonce="__NONCE__">'
HTML = {"Accept": "text/html,*/*"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "built"
    (built / "assets").mkdir(parents=True)
    (built / ".vite").mkdir()
    (built / "index.html").write_text(INDEX)
    (built / "favicon.svg").write_text("<svg/>")
    (built / "assets" / "main-1.js").write_text("plain")
    (built / "assets" / "main-1.js.gz").write_bytes(b"packed")
    (built / ".vite" / "manifest.json").write_text("{}")
    (tmp_path / "secret.js").write_text("secret")
    return built


def client(folder: Path | None, css_url: str = "", root_path: str = "") -> TestClient:
    ui = WebUi(folder=folder, css_url=lambda: css_url, root_path=root_path)
    return TestClient(Starlette(routes=ui_routes(ui)))


@pytest.mark.parametrize("path", ["/", "/applications/guestbook", "/settings/repos?q=1"])
def test_every_address_asked_for_as_html_is_the_page(folder: Path, path: str) -> None:
    answer = client(folder).get(path, headers=HTML)

    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]


def test_the_page_has_a_fresh_nonce_each_time_and_its_policy_names_it(folder: Path) -> None:
    first, second = (client(folder).get("/", headers=HTML) for _ in range(2))

    nonces = re.findall(r'nonce="([^"]+)"', first.text)
    assert len(set(nonces)) == 1
    assert f"script-src 'self' 'nonce-{nonces[0]}'" in first.headers["content-security-policy"]
    assert "unsafe-inline" not in first.headers["content-security-policy"]
    assert nonces[0] not in second.text


@pytest.mark.parametrize(
    ("headers", "content", "encoding"),
    [
        pytest.param({"Accept-Encoding": "identity"}, b"plain", None, id="as it is"),
        pytest.param({"Accept-Encoding": "gzip, br"}, b"packed", "gzip", id="packed at build time"),
    ],
)
def test_hashed_files_are_kept_for_ever(
    folder: Path, headers: dict[str, str], content: bytes, encoding: str | None
) -> None:
    with client(folder).stream("GET", "/assets/main-1.js", headers=headers) as answer:
        raw = b"".join(answer.iter_raw())

    assert raw == content
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/assets/none.js", id="a file that is not there"),
        pytest.param("/assets/../../secret.js", id="outside, plainly"),
        pytest.param("/assets/..%2f..%2fsecret.js", id="outside, escaped"),
        pytest.param("/.vite/manifest.json", id="a hidden file"),
        pytest.param("/assets/main-1.js.gz", id="a packed file by its own name"),
        pytest.param("/assets", id="a folder"),
    ],
)
def test_what_is_no_file_of_the_ui_is_not_found(folder: Path, path: str) -> None:
    answer = client(folder).get(path)

    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_an_unknown_route_of_the_api_is_never_the_page(folder: Path) -> None:
    answer = client(folder).get("/api/v1/nonsense", headers=HTML)

    assert (answer.status_code, answer.text) == (404, "Not Found")


def test_below_a_prefix_the_page_says_what_its_addresses_are_relative_to(folder: Path) -> None:
    assert (
        '<base href="/argocd/" />'
        in client(folder, root_path="/argocd").get("/", headers=HTML).text
    )


@pytest.mark.parametrize(
    ("url", "is_linked", "origin"),
    [
        pytest.param("custom/styles.css", True, None, id="our own file"),
        pytest.param("https://c.example/a.css", True, "https://c.example", id="remote"),
        pytest.param("javascript:alert(1)", False, None, id="no address of a style"),
    ],
)  # fmt: skip
def test_a_custom_style_is_linked_and_its_host_allowed(
    folder: Path, url: str, is_linked: bool, origin: str | None
) -> None:
    answer = client(folder, css_url=url).get("/", headers=HTML)

    assert ("stylesheet" in answer.text) is is_linked
    styles = answer.headers["content-security-policy"].split("style-src ")[1].split(";")[0]
    assert styles.split(" ")[2:] == ([origin] if origin else [])


def test_without_a_ui_a_plain_page_says_so() -> None:
    answer = client(None).get("/", headers=HTML)

    assert answer.status_code == 404
    assert "--no-ui" in answer.text
    assert "__NONCE__" not in answer.text
