import hashlib
import hmac
from typing import Any

import orjson
import pytest

from tiphys.model.errors import InvalidInputError
from tiphys.model.push import PushEvent, repository_identity
from tiphys.server.webhooks import parse_webhook

PUSH: dict[str, Any] = {
    "ref": "refs/heads/release/1",
    "after": "b" * 40,
    "repository": {
        "html_url": "https://git.example/shop/web",
        "clone_url": "https://git.example/shop/web.git",
        "default_branch": "main",
    },
}


def _parse(body: dict[str, Any], secret: str = "", **headers: str) -> PushEvent | None:
    sent = {"x-github-event": "push", **headers}
    return parse_webhook(sent, orjson.dumps(body), secret=secret)


def test_a_push_names_its_repository_and_branch() -> None:
    push = _parse(PUSH)

    assert push is not None
    assert push.revision == "release/1"
    assert push.after == "b" * 40
    assert not push.touched_head
    assert push.is_about("git@git.example:shop/web.git")


def test_a_push_to_the_default_branch_touches_head() -> None:
    push = _parse({**PUSH, "ref": "refs/heads/main"})

    assert push is not None
    assert push.touched_head


def test_other_events_of_a_known_host_are_of_no_interest() -> None:
    assert parse_webhook({"x-github-event": "ping"}, b"{}", secret="") is None


def test_a_request_of_no_known_host_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Unknown webhook event"):
        parse_webhook({}, b"{}", secret="")


def test_a_push_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="valid JSON"):
        parse_webhook({"x-github-event": "push"}, b"{", secret="")


@pytest.mark.parametrize("body", [[], {"ref": "x"}, {"repository": {}}, {"repository": 1}])
def test_a_push_without_repository_or_ref_is_refused(body: Any) -> None:
    with pytest.raises(InvalidInputError, match="names no repository or ref"):
        _parse(body)


def test_a_signed_push_is_taken() -> None:
    digest = hmac.new(b"key", orjson.dumps(PUSH), hashlib.sha256).hexdigest()

    assert _parse(PUSH, "key", **{"x-hub-signature-256": f"sha256={digest}"}) is not None


@pytest.mark.parametrize("signature", ["", "sha256=00", "sha1=00", "\u00e9"])
def test_a_push_with_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(InvalidInputError, match="signature does not match"):
        _parse(PUSH, "key", **{"x-hub-signature-256": signature})


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/shop/web",
        "https://git.example/shop/web.git",
        "HTTPS://user@Git.Example/Shop/Web.git/",
        "git@git.example:shop/web.git",
        "ssh://git@git.example:2222/shop/web.git",
        "ssh://git@ssh.git.example/shop/web",
    ],
)
def test_one_repository_has_one_identity_however_it_is_spelled(url: str) -> None:
    assert repository_identity(url) == ("git.example", "shop/web")


def test_a_repository_whose_name_begins_alike_is_another() -> None:
    push = _parse(PUSH)

    assert push is not None
    assert not push.is_about("https://git.example/shop/website")
    assert not push.is_about("https://git.example.evil/shop/web")


def test_the_folders_of_changed_files_are_known_at_every_depth() -> None:
    commits = [{"added": ["shop/web/a.yaml"], "modified": [], "removed": ["b.yaml"]}, "no commit"]
    push = parse_webhook(
        {"x-github-event": "push"}, orjson.dumps({**PUSH, "commits": commits}), secret=""
    )
    assert push is not None
    assert push.folders == {".", "shop", "shop/web"}
