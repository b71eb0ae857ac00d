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
    secrets = {"webhook.github.secret": secret}
    return next(iter(parse_webhook(sent, orjson.dumps(body), secrets=secrets)), None)


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
    assert parse_webhook({"x-github-event": "ping"}, b"{}", secrets={}) == ()


def test_a_request_of_no_known_host_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Unknown webhook event"):
        parse_webhook({}, b"{}", secrets={})


def test_a_push_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="valid JSON"):
        parse_webhook({"x-github-event": "push"}, b"{", secrets={})


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
    (push,) = parse_webhook(
        {"x-github-event": "push"}, orjson.dumps({**PUSH, "commits": commits}), secrets={}
    )
    assert push.folders == {".", "shop", "shop/web"}


def _signed(body: bytes, key: str) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


GITLAB = {
    "object_kind": "push", "ref": "refs/heads/main", "after": "c" * 40,
    "project": {
        "web_url": "https://gitlab.example/shop/web", "default_branch": "main",
        "git_ssh_url": "git@gitlab.example:shop/web.git",
    },
    "commits": [{"added": ["a/b.yaml"], "modified": [], "removed": ["c.yaml"]}],
}  # fmt: skip
BITBUCKET = {
    "repository": {"links": {"html": {"href": "https://bitbucket.example/shop/web"}}},
    "push": {
        "changes": [
            {"new": {"name": "main", "target": {"hash": "d" * 40}}},
            {"new": None, "old": {"name": "gone"}},
        ]
    },
}
BITBUCKET_SERVER = {
    "repository": {"links": {"clone": [{"href": "https://bb.example/scm/shop/web.git"}]}},
    "changes": [{"ref": {"id": "refs/heads/release/1"}, "toHash": "e" * 40}],
}
AZURE = {
    "eventType": "git.push",
    "resource": {
        "refUpdates": [{"name": "refs/heads/main", "newObjectId": "f" * 40}],
        "repository": {
            "remoteUrl": "https://dev.azure.example/o/p/_git/web",
            "defaultBranch": "refs/heads/main",
        },
    },
}
PACKAGE = {
    "action": "published",
    "package": {
        "package_type": "CONTAINER", "namespace": "Shop", "name": "charts/web",
        "package_version": {"container_metadata": {"tag": {"name": "1.2.3"}}},
    },
}  # fmt: skip
HARBOR = {
    "type": "PUSH_ARTIFACT",
    "event_data": {"resources": [{"resource_url": "hub.example/shop/web:1.2.3", "tag": "1.2.3"}]},
}


@pytest.mark.parametrize(
    ("headers", "payload", "url", "revisions"),
    [
        pytest.param(
            {"x-gitlab-event": "Push Hook"}, GITLAB, "https://gitlab.example/shop/web", ["main"],
            id="GitLab",
        ),
        pytest.param(
            {"x-gitlab-event": "System Hook"}, GITLAB, "git@gitlab.example:shop/web", ["main"],
            id="a system hook of GitLab",
        ),
        pytest.param(
            {"x-hook-uuid": "u", "x-event-key": "repo:push"}, BITBUCKET,
            "https://bitbucket.example/shop/web.git", ["main", "gone"], id="Bitbucket Cloud",
        ),
        pytest.param(
            {"x-event-key": "repo:refs_changed"}, BITBUCKET_SERVER,
            "https://bb.example/scm/shop/web", ["release/1"], id="Bitbucket Server",
        ),
        pytest.param(
            {"x-vss-activityid": "a"}, AZURE, "https://dev.azure.example/o/p/_git/web", ["main"],
            id="Azure DevOps",
        ),
        pytest.param(
            {"x-gogs-event": "push", "x-github-event": "push"}, PUSH,
            "https://git.example/shop/web", ["release/1"], id="Gitea",
        ),
        pytest.param(
            {"x-github-event": "package"}, PACKAGE, "oci://ghcr.io/shop/charts/web", ["1.2.3"],
            id="GitHub's container registry",
        ),
        pytest.param(
            {"x-github-event": "package"}, PACKAGE, "oci://ghcr.io/shop/charts", ["1.2.3"],
            id="a chart, by the repository that it lies in",
        ),
    ],
)  # fmt: skip
def test_every_host_says_what_was_pushed_where(
    headers: dict[str, str], payload: dict[str, Any], url: str, revisions: list[str]
) -> None:
    pushes = parse_webhook(headers, orjson.dumps(payload), secrets={})

    assert [push.revision for push in pushes] == revisions
    assert all(push.is_about(url) for push in pushes)


@pytest.mark.parametrize(
    ("headers", "payload", "secrets", "proof"),
    [
        pytest.param(
            {"x-gitlab-event": "Push Hook"}, GITLAB, {"webhook.gitlab.secret": "key"},
            {"x-gitlab-token": "key"}, id="GitLab",
        ),
        pytest.param(
            {"x-hook-uuid": "{other}", "x-event-key": "repo:push"}, BITBUCKET,
            {"webhook.bitbucket.uuid": "{mine}"}, {"x-hook-uuid": "{mine}"}, id="Bitbucket Cloud",
        ),
        pytest.param(
            {"x-event-key": "repo:refs_changed"}, BITBUCKET_SERVER,
            {"webhook.bitbucketserver.secret": "key"},
            {"x-hub-signature": f"sha256={_signed(orjson.dumps(BITBUCKET_SERVER), 'key')}"},
            id="Bitbucket Server",
        ),
        pytest.param(
            {"x-vss-activityid": "a"}, AZURE,
            {"webhook.azuredevops.username": "me", "webhook.azuredevops.password": "key"},
            {"authorization": "Basic bWU6a2V5"}, id="Azure DevOps",
        ),
        pytest.param(
            {"x-gogs-event": "push"}, PUSH, {"webhook.gogs.secret": "key"},
            {"x-gogs-signature": _signed(orjson.dumps(PUSH), "key")}, id="Gitea",
        ),
        pytest.param(
            {"authorization": "wrong"}, HARBOR, {"webhook.harbor.secret": "key"},
            {"authorization": "key"}, id="Harbor",
        ),
    ],
)  # fmt: skip
def test_a_delivery_proves_where_it_comes_from(
    headers: dict[str, str], payload: dict[str, Any], secrets: dict[str, str], proof: dict[str, str]
) -> None:
    body = orjson.dumps(payload)
    with pytest.raises(InvalidInputError, match="does not match"):
        parse_webhook(headers, body, secrets=secrets)

    assert parse_webhook({**headers, **proof}, body, secrets=secrets)


def test_harbor_is_not_listened_to_without_a_secret() -> None:
    with pytest.raises(InvalidInputError, match="Unknown webhook event"):
        parse_webhook({"authorization": ""}, orjson.dumps(HARBOR), secrets={})


@pytest.mark.parametrize("payload", [{}, {"repository": 1}, {"push": {"changes": 7}}, []])
@pytest.mark.parametrize(
    "headers",
    [
        {"x-gogs-event": "push"},
        {"x-hook-uuid": "u", "x-event-key": "repo:push"},
        {"x-event-key": "repo:refs_changed"},
    ],
)
def test_what_makes_no_sense_is_refused(headers: dict[str, str], payload: Any) -> None:
    with pytest.raises(InvalidInputError, match="names no repository or ref"):
        parse_webhook(headers, orjson.dumps(payload), secrets={})
