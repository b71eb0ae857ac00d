"""Each service sends what its vendor documents, with every field that a template may have."""

import json
import re
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.peers.receiver import Received, Receiver, Reply, receiving
from tiphys.engine.notifications.configuration import ServiceConfig
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http
from tiphys.notifications.message import Message
from tiphys.notifications.services.catalogue import SERVICES, make_service

KEY = RSAKey.generate_key(2048)
PEM = KEY.as_pem(private=True).decode()
TEXT = Message(text="shop is live")
SHA = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"


def options(receiver: Receiver, **more: Any) -> dict[str, Any]:
    """Return options with the receiver's address for every value that begins with `URL`."""
    return json.loads(json.dumps(more).replace('"URL', f'"{receiver.url}'))  # type: ignore[no-any-return]


async def deliver(
    kind: str, written: dict[str, Any], message: Message, recipient: str, *, guarded: bool = False
) -> None:
    http = Http(is_guarded=guarded)
    try:
        service = make_service(ServiceConfig(name=kind, type=kind, options=written), http)
        await service.send(message, recipient)
    finally:
        await http.close()


CASES: list[Any] = [
    pytest.param(
        "slack",
        {"token": "xoxb-1", "apiURL": "URL/api/", "username": "bot", "icon": ":ship:",
         "disableUnfurl": True},
        {"attachments": '[{"title": "a"}]', "blocks": '[{"type": "divider"}]'},
        "ops",
        "POST /api/chat.postMessage",
        {"Authorization": "Bearer xoxb-1"},
        {"channel": "ops", "text": "shop is live", "username": "bot", "icon_emoji": ":ship:",
         "unfurl_links": False, "unfurl_media": False, "attachments": [{"title": "a"}],
         "blocks": [{"type": "divider"}]},
        id="slack",
    ),
    pytest.param(
        "slack",
        {"token": "x", "apiURL": "URL/api", "username": "bot"},
        {"username": "other", "icon": "https://x/i.png"},
        "C01",
        "POST /api/chat.postMessage",
        {},
        {"channel": "C01", "text": "shop is live", "username": "other",
         "icon_url": "https://x/i.png"},
        id="slack, its name and icon from the template",
    ),
    pytest.param(
        "teams",
        {"recipientUrls": {"dev": "URL/hook"}},
        {"title": "T", "text": "X", "summary": "S", "themeColor": "#000080",
         "facts": '[{"name": "a", "value": "b"}]', "sections": '[{"text": "c"}]',
         "potentialAction": '[{"@type": "OpenUri", "name": "Open"}]'},
        "dev",
        "POST /hook",
        {},
        {"@type": "MessageCard", "@context": "https://schema.org/extensions", "title": "T",
         "text": "X", "summary": "S", "themeColor": "#000080",
         "sections": [{"text": "c"}, {"facts": [{"name": "a", "value": "b"}]}],
         "potentialAction": [{"@type": "OpenUri", "name": "Open"}]},
        id="teams",
    ),
    pytest.param(
        "teams",
        {"recipientUrls": {"dev": "URL/hook"}},
        {"template": '{"raw": true}'},
        "dev",
        "POST /hook",
        {},
        {"raw": True},
        id="teams, a raw card",
    ),
    pytest.param(
        "teams-workflows",
        {"recipientUrls": {"dev": "URL/flow?sig=1"}},
        {"title": "T", "summary": "S", "themeColor": "#FF0000",
         "facts": '[{"name": "a", "value": "b"}]',
         "sections": '[{"activityTitle": "q", "facts": [{"name": "c", "value": "d"}]}]',
         "potentialAction": '[{"@type": "OpenUri", "name": "Open", "targets": [{"uri": "https://o"}]}]'},
        "dev",
        "POST /flow?sig=1",
        {},
        {"type": "message", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": "S",
                "body": [
                    {"type": "Container", "style": "attention", "items": [
                        {"type": "TextBlock", "text": "T", "size": "Large", "weight": "Bolder",
                         "wrap": True},
                        {"type": "TextBlock", "text": "shop is live", "wrap": True}]},
                    {"type": "FactSet", "facts": [{"title": "a", "value": "b"}]},
                    {"type": "TextBlock", "text": "q", "wrap": True},
                    {"type": "FactSet", "facts": [{"title": "c", "value": "d"}]},
                ],
                "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": "https://o"}],
            }}]},
        id="teams-workflows",
    ),
    pytest.param(
        "teams-workflows",
        {"recipientUrls": {"dev": "URL/flow"}},
        {"adaptiveCard": '{"type": "AdaptiveCard", "body": []}'},
        "dev",
        "POST /flow",
        {},
        {"type": "message", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None,
            "content": {"type": "AdaptiveCard", "body": []}}]},
        id="teams-workflows, a raw card",
    ),
    pytest.param(
        "telegram", {"token": "1:a", "apiURL": "URL"}, {}, "news",
        "POST /bot1:a/sendMessage", {},
        {"chat_id": "@news", "text": "shop is live", "parse_mode": "Markdown"},
        id="telegram, a channel",
    ),
    pytest.param(
        "telegram", {"token": "1:a", "apiURL": "URL"}, {}, "-100123|7",
        "POST /bot1:a/sendMessage", {},
        {"chat_id": -100123, "text": "shop is live", "parse_mode": "Markdown",
         "message_thread_id": 7},
        id="telegram, a thread of a chat",
    ),
    pytest.param(
        "opsgenie", {"apiUrl": "URL", "apiKeys": {"team-1": "key-1"}},
        {"description": "D", "priority": "P1", "alias": "A", "note": "N", "actions": ["x"],
         "tags": ["t"], "visibleTo": '[{"id": "u", "type": "user"}]', "details": {"k": "v"},
         "entity": "E", "user": "U"},
        "team-1", "POST /v2/alerts", {"Authorization": "GenieKey key-1"},
        {"message": "shop is live", "description": "D", "priority": "P1", "alias": "A",
         "note": "N", "actions": ["x"], "tags": ["t"], "visibleTo": [{"id": "u", "type": "user"}],
         "details": {"k": "v"}, "entity": "E", "user": "U",
         "responders": [{"type": "team", "id": "team-1"}]},
        id="opsgenie",
    ),
    pytest.param(
        "mattermost", {"apiURL": "URL", "token": "t"}, {"attachments": '[{"color": "#1"}]'},
        "chan", "POST /api/v4/posts", {"Authorization": "Bearer t"},
        {"channel_id": "chan", "message": "shop is live",
         "props": {"attachments": [{"color": "#1"}]}},
        id="mattermost",
    ),
    pytest.param(
        "googlechat", {"webhooks": {"space": "URL/v1/spaces/A/messages?key=k"}},
        {"cardsV2": '[{"cardId": "1"}]', "cards": '[{"header": {}}]', "threadKey": "shop"},
        "space",
        "POST /v1/spaces/A/messages?key=k&threadKey=shop"
        "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
        {}, {"cardsV2": [{"cardId": "1"}], "cards": [{"header": {}}]},
        id="googlechat, cards in a thread",
    ),
    pytest.param(
        "googlechat", {"webhooks": {"space": "URL/x"}}, {}, "space", "POST /x", {},
        {"text": "shop is live"}, id="googlechat, a text",
    ),
    pytest.param(
        "webex", {"token": "t", "apiURL": "URL"}, {}, "ana@example.com", "POST /v1/messages",
        {"Authorization": "Bearer t"},
        {"toPersonEmail": "ana@example.com", "markdown": "shop is live"}, id="webex, a person",
    ),
    pytest.param(
        "webex", {"token": "t", "apiURL": "URL"}, {}, "room1", "POST /v1/messages", {},
        {"roomId": "room1", "markdown": "shop is live"}, id="webex, a room",
    ),
    pytest.param(
        "alertmanager", {"targets": ["HOST"], "bearerToken": "b"},
        {"labels": {"alertname": "x", "n": 1}, "annotations": {"a": "b"}, "generatorURL": "https://g"},
        "any", "POST /api/v2/alerts", {"Authorization": "Bearer b"},
        [{"labels": {"alertname": "x", "n": "1"}, "annotations": {"a": "b"},
          "generatorURL": "https://g"}],
        id="alertmanager",
    ),
    pytest.param(
        "alertmanager",
        {"targets": ["127.0.0.1:1", "HOST"], "basicAuth": {"username": "u", "password": "p"},
         "apiPath": "/am/api/v2/alerts"},
        {"labels": {"alertname": "x"}}, "", "POST /am/api/v2/alerts",
        {"Authorization": "Basic dTpw"},
        [{"labels": {"alertname": "x"}, "annotations": {"message": "shop is live"}}],
        id="alertmanager, one target of two is enough",
    ),
    pytest.param(
        "pagerduty", {"token": "t", "from": "a@b", "apiURL": "URL"},
        {"title": "T", "urgency": "high", "body": "B", "priorityId": "P"}, "SVC",
        "POST /incidents",
        {"Authorization": "Token token=t", "From": "a@b",
         "Accept": "application/vnd.pagerduty+json;version=2"},
        {"incident": {"type": "incident", "title": "T", "urgency": "high",
                      "service": {"id": "SVC", "type": "service_reference"},
                      "body": {"type": "incident_body", "details": "B"},
                      "priority": {"id": "P", "type": "priority_reference"}}},
        id="pagerduty",
    ),
    pytest.param(
        "pagerdutyv2", {"serviceKeys": {"ops": "rk"}, "apiURL": "URL"},
        {"summary": "S", "severity": "critical", "source": "src", "component": "c", "group": "g",
         "class": "k", "url": "https://u", "dedupKey": "d"},
        "ops", "POST /v2/enqueue", {},
        {"routing_key": "rk", "event_action": "trigger", "client": "tiphys",
         "client_url": "https://u", "dedup_key": "d",
         "payload": {"summary": "S", "severity": "critical", "source": "src", "component": "c",
                     "group": "g", "class": "k"}},
        id="pagerdutyv2",
    ),
    pytest.param(
        "newrelic", {"apiKey": "k", "apiURL": "URL"},
        {"revision": "r", "changelog": "c", "description": "d", "user": "u"}, "42",
        "POST /v2/applications/42/deployments.json", {"X-Api-Key": "k"},
        {"deployment": {"revision": "r", "changelog": "c", "description": "d", "user": "u"}},
        id="newrelic",
    ),
]  # fmt: skip

ACCEPTED = {
    "/api/chat.postMessage": '{"ok": true, "ts": "1.2", "channel": "C9"}',
    "/api/chat.update": '{"ok": true, "ts": "1.2", "channel": "C9"}',
    "/hook": "1",
}


@pytest.mark.parametrize(
    ("kind", "written", "block", "recipient", "asked", "headers", "body"), CASES
)
async def test_a_service_sends_what_its_vendor_documents(  # noqa: PLR0917  # a table's columns
    kind: str,
    written: dict[str, Any],
    block: dict[str, Any],
    recipient: str,
    asked: str,
    headers: dict[str, str],
    body: Any,
) -> None:
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(body=ACCEPTED.get(request.path, "{}"))
        filled = options(receiver, **written)
        if "targets" in filled:
            host = f"127.0.0.1:{receiver.port}"
            filled["targets"] = [host if one == "HOST" else one for one in filled["targets"]]
        message = Message(text=TEXT.text, block=block)
        await deliver(kind, filled, message, recipient)
        [received] = receiver.received

    assert f"{received.method} {received.path}" == asked
    assert {name: received.headers.get(name) for name in headers} == headers
    assert received.headers["Content-Type"] == "application/json"
    assert received.json == body


def test_every_service_of_the_catalogue_has_a_test() -> None:
    here = {case.values[0] for case in CASES}
    apart = {
        "apprise", "awssqs", "email", "github", "grafana", "pushover", "rocketchat", "webhook",
    }  # fmt: skip

    assert here | apart == set(SERVICES)


async def test_grafana_gets_an_annotation_with_tags() -> None:
    with receiving() as receiver:
        written = options(receiver, apiUrl="URL/api", apiKey="k")
        await deliver("grafana", written, TEXT, "deploy|shop")
        [received] = receiver.received

    assert received.path == "/api/annotations"
    assert received.headers["Authorization"] == "Bearer k"
    assert received.json.pop("time") > 1_700_000_000_000
    assert {name: value for name, value in received.json.items() if name != "time"} == {
        "isRegion": False,
        "tags": ["deploy", "shop"],
        "text": "shop is live",
    }


async def test_pushover_gets_a_form() -> None:
    with receiving() as receiver:
        await deliver("pushover", options(receiver, token="t", apiURL="URL"), TEXT, "user")
        [received] = receiver.received

    assert received.path == "/1/messages.json"
    assert received.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert received.text == "token=t&user=user&message=shop+is+live"


async def test_rocketchat_logs_in_once_and_again_when_the_login_has_ended() -> None:
    with receiving() as receiver:
        tokens = iter(["one", "two"])

        def answer(request: Received) -> Reply:
            if request.path == "/api/v1/login":
                data = {"data": {"authToken": next(tokens), "userId": "u"}}
                return Reply(body=json.dumps(data))
            if len(receiver.received) == 3:
                return Reply(401)
            return Reply(body='{"success": true}')

        receiver.answer = answer
        http = Http()
        written = options(
            receiver, email="a@b", password="p", serverUrl="URL", alias="T", icon=":x:", avatar="v"
        )
        service = make_service(ServiceConfig(name="r", type="rocketchat", options=written), http)
        block = {"attachments": '[{"title": "a"}]'}
        await service.send(Message(text="first", block=block), "#ops")
        await service.send(Message(text="second"), "room1")
        await http.close()
        posts = receiver.of("/api/v1/chat.postMessage")
        logins = receiver.of("/api/v1/login")

    assert [one.json for one in logins] == [{"user": "a@b", "password": "p"}] * 2
    assert posts[0].json == {
        "channel": "#ops", "text": "first", "alias": "T", "emoji": ":x:", "avatar": "v",
        "attachments": [{"title": "a"}],
    }  # fmt: skip
    assert posts[-1].json["roomId"] == "room1"
    assert [one.headers["X-Auth-Token"] for one in posts] == ["one", "one", "two"]


async def test_newrelic_finds_an_application_by_its_name() -> None:
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(body='{"applications": [{"id": 77}]}')
        await deliver("newrelic", options(receiver, apiKey="k", apiURL="URL"), TEXT, "shop app")

    assert receiver.received[0].path == "/v2/applications.json?filter%5Bname%5D=shop+app"
    assert receiver.received[1].path == "/v2/applications/77/deployments.json"


@pytest.mark.parametrize(
    ("policy", "calls"),
    [
        pytest.param("Post", ["postMessage", "postMessage"], id="Post"),
        pytest.param("PostAndUpdate", ["postMessage", "postMessage", "update"], id="PostAndUpdate"),
        pytest.param("Update", ["postMessage", "update"], id="Update"),
    ],
)
async def test_slack_groups_messages_by_a_key(policy: str, calls: list[str]) -> None:
    block = {"groupingKey": "rev1", "deliveryPolicy": policy, "notifyBroadcast": True}
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(body=ACCEPTED.get(request.path, "{}"))
        http = Http()
        written = options(receiver, token="t", apiURL="URL/api")
        slack = make_service(ServiceConfig(name="s", type="slack", options=written), http)
        await slack.send(Message(text="one", block=block), "ops")
        await slack.send(Message(text="two", block=block), "ops")
        await http.close()

    assert [one.path.rpartition(".")[2] for one in receiver.received] == calls
    for later in receiver.received[1:]:
        if later.path.endswith("postMessage"):
            assert later.json["thread_ts"] == "1.2"
            assert later.json["reply_broadcast"] is True
        else:
            assert (later.json["channel"], later.json["ts"]) == ("C9", "1.2")


async def test_a_service_may_say_when_to_come_again() -> None:
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(429, headers={"Retry-After": "30"})
        with pytest.raises(DeliveryError, match="answered 429") as caught:
            await deliver("slack", options(receiver, token="t", apiURL="URL"), TEXT, "ops")

    assert caught.value.retry_after_s == 30


async def test_slack_says_why_in_a_body_of_success() -> None:
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(body='{"ok": false, "error": "invalid_auth"}')
        with pytest.raises(DeliveryError, match="Slack says `invalid_auth`"):
            await deliver("slack", options(receiver, token="t", apiURL="URL"), TEXT, "ops")


async def test_teams_says_why_in_a_body_of_success() -> None:
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(body="Summary or Text is required.")
        written = options(receiver, recipientUrls={"a": "URL"})
        with pytest.raises(DeliveryError, match="Teams says: Summary or Text is required"):
            await deliver("teams", written, TEXT, "a")


async def test_a_webhook_sends_method_path_body_headers_and_login() -> None:
    with receiving() as receiver:
        written = options(
            receiver,
            url="URL/base/",
            headers=[{"name": "X-A", "value": "b"}],
            basicAuth={"username": "u", "password": "p"},
        )
        block = {"method": "PUT", "path": "/x?y=1", "body": '{"a": 1}'}
        await deliver("webhook", written, Message(text="t", block=block), "")
        await deliver("webhook", written, Message(text="t"), "")

    first, second = receiver.received
    assert (first.method, first.path, first.text) == ("PUT", "/base/x?y=1", '{"a": 1}')
    assert (first.headers["X-A"], first.headers["Authorization"]) == ("b", "Basic dTpw")
    assert (second.method, second.path, second.text) == ("GET", "/base/", "")


async def test_a_webhook_is_tried_a_few_times_at_once() -> None:
    with receiving() as receiver:
        replies = iter([Reply(503), Reply(429), Reply()])
        receiver.answer = lambda request: next(replies)
        written = options(receiver, url="URL", retryWaitMin="1ms", retryWaitMax="2ms", retryMax=3)
        await deliver("webhook", written, TEXT, "")

    assert len(receiver.received) == 3


async def test_a_webhook_follows_no_redirect() -> None:
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(302)
        with pytest.raises(DeliveryError, match="answered 302"):
            await deliver("webhook", options(receiver, url="URL", retryMax=0), TEXT, "")


GITHUB: list[Any] = [
    pytest.param(
        {"status": {"state": "success", "label": "cd/shop", "targetURL": "https://cd/shop"}},
        [("POST", f"/repos/acme/shop/statuses/{SHA}",
          {"state": "success", "context": "cd/shop", "target_url": "https://cd/shop",
           "description": "m" * 140})],
        id="a status, its text cut",
    ),
    pytest.param(
        {"deployment": {"state": "success", "environment": "prod", "environmentURL": "https://e",
                        "logURL": "https://l", "requiredContexts": ["ci"], "autoMerge": "false",
                        "transientEnvironment": True, "reference": "v1"}},
        [("POST", "/repos/acme/shop/deployments",
          {"ref": "v1", "environment": "prod", "required_contexts": ["ci"], "auto_merge": False,
           "transient_environment": True}),
         ("POST", "/repos/acme/shop/deployments/9/statuses",
          {"state": "success", "environment_url": "https://e", "log_url": "https://l"})],
        id="a deployment and its status",
    ),
    pytest.param(
        {"checkRun": {"name": "cd", "details_url": "https://d", "status": "completed",
                      "conclusion": "success", "started_at": "2026-01-01T00:00:00Z",
                      "completed_at": "2026-01-01T00:01:00Z",
                      "output": {"title": "t", "summary": "s", "text": "x"}}},
        [("POST", "/repos/acme/shop/check-runs",
          {"name": "cd", "head_sha": SHA, "details_url": "https://d", "status": "completed",
           "conclusion": "success", "started_at": "2026-01-01T00:00:00Z",
           "completed_at": "2026-01-01T00:01:00Z",
           "output": {"title": "t", "summary": "s", "text": "x"}})],
        id="a check run",
    ),
    pytest.param(
        {"pullRequestComment": {"content": "Live!"}},
        [("GET", f"/repos/acme/shop/commits/{SHA}/pulls", None),
         ("POST", "/repos/acme/shop/issues/5/comments", {"body": "Live!"})],
        id="a comment",
    ),
    pytest.param(
        {"pullRequestComment": {"content": "Live!", "commentTag": "known"}},
        [("GET", f"/repos/acme/shop/commits/{SHA}/pulls", None),
         ("GET", "/repos/acme/shop/issues/5/comments?per_page=100", None),
         ("PATCH", "/repos/acme/shop/issues/comments/31",
          {"body": "Live!\n<!-- argocd-notifications known -->"})],
        id="a comment that is there already",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("block", "calls"), GITHUB)
async def test_github_is_told(block: dict[str, Any], calls: list[tuple[str, str, Any]]) -> None:
    claims: dict[str, Any] = {}

    def answer(request: Received) -> Reply:
        if request.path == "/app/installations/22/access_tokens":
            token = request.headers["Authorization"].removeprefix("Bearer ")
            claims.update(jwt.decode(token, KEY, algorithms=["RS256"]).claims)
            return Reply(201, '{"token": "ghs_1"}')
        assert request.headers["Authorization"] == "Bearer ghs_1"
        assert request.headers["Accept"] == "application/vnd.github+json"
        if request.path.endswith("/pulls"):
            return Reply(body='[{"number": 5}]')
        if request.method == "GET":
            known = [
                {"id": 30, "body": "x"},
                {"id": 31, "body": "<!-- argocd-notifications known -->"},
            ]
            return Reply(body=json.dumps(known))
        return Reply(201, '{"id": 9}')

    with receiving() as receiver:
        receiver.answer = answer
        written = options(
            receiver, appID=11, installationID="22", privateKey=PEM, enterpriseBaseURL="URL"
        )
        where = {"repoURLPath": "git@github.com:acme/shop.git", "revisionPath": SHA}
        await deliver("github", written, Message(text="m" * 200, block={**where, **block}), "")
        made = receiver.received[1:]

    asked = [(one.method, one.path, one.json if one.body else None) for one in made]
    assert asked == calls
    assert claims["iss"] == "11"
    assert claims["exp"] - claims["iat"] == 600


async def test_sqs_gets_a_signed_message() -> None:
    with receiving() as receiver:
        receiver.answer = lambda request: Reply(body='{"QueueUrl": "https://sqs/1/deploys"}')
        written = options(
            receiver, queue="other", region="eu-central-1", account="123", key="AKID",
            secret="hidden", endpointUrl="URL",
        )  # fmt: skip
        block = {"messageAttributes": {"app": "shop"}, "messageGroupId": "g"}
        await deliver("awssqs", written, Message(text="hi", block=block), "deploys")

    look, send = receiver.received
    assert look.headers["X-Amz-Target"] == "AmazonSQS.GetQueueUrl"
    assert look.json == {"QueueName": "deploys", "QueueOwnerAWSAccountId": "123"}
    assert send.headers["X-Amz-Target"] == "AmazonSQS.SendMessage"
    assert send.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert send.json == {
        "QueueUrl": "https://sqs/1/deploys",
        "MessageBody": "hi",
        "MessageAttributes": {"app": {"DataType": "String", "StringValue": "shop"}},
        "MessageGroupId": "g",
    }
    assert re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKID/\d{8}/eu-central-1/sqs/aws4_request,"
        r" SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}",
        send.headers["Authorization"],
    )
    assert "hidden" not in str(send.headers)


@pytest.mark.parametrize(
    ("kind", "written", "block", "recipient", "part"),
    [
        pytest.param("slack", {}, {}, "x", "missing required field `token`", id="no token"),
        pytest.param(
            "slack", {"token": ["hush"]}, {}, "x", "Expected `str`, got `array`", id="a wrong type"
        ),
        pytest.param("teams", {}, {}, "x", "recipient `x` is not in `recipientUrls`", id="unknown"),
        pytest.param(
            "slack", {"token": "t"}, {"attachments": "[{"}, "x", "`attachments`, which is not JSON",
            id="attachments that are not JSON",
        ),
        pytest.param("webhook", {"url": "$missing"}, {}, "", "not one of HTTP", id="no address"),
        pytest.param("alertmanager", {"targets": ["x"]}, {}, "", "needs `labels`", id="no labels"),
        pytest.param(
            "github", {"appID": 1, "installationID": 1, "privateKey": "hush"},
            {"repoURLPath": "a/b", "revisionPath": "c", "status": {"state": "success"}}, "",
            "not a private RSA key", id="a bad key",
        ),
        pytest.param("carrier-pigeon", {}, {}, "", "no service of type", id="an unknown service"),
    ],
)  # fmt: skip
async def test_a_mistake_is_named_without_its_value(
    kind: str, written: dict[str, Any], block: dict[str, Any], recipient: str, part: str
) -> None:
    with pytest.raises(DeliveryError) as caught:
        await deliver(kind, written, Message(text="x", block=block), recipient)

    assert part in str(caught.value)
    assert "hush" not in str(caught.value)
