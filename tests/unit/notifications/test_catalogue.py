"""The default catalogue: every trigger means what its name says, every template renders."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tiphys.engine.notifications.configuration import ServiceConfig
from tiphys.engine.notifications.evaluation import verdicts_of
from tiphys.engine.notifications.wording import filled, sources_of
from tiphys.languages.template_worker import answer
from tiphys.notifications.catalogue import default_config_map
from tiphys.notifications.expressions import evaluator
from tiphys.settings.notifications import parse_notifications

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = parse_notifications(default_config_map("argocd")["data"], {}, namespace="argocd")


def application(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {"source": {"repoURL": "git@git.example.org:acme/shop.git"}},
        "status": {
            "sync": {"status": "Synced", "revision": "abc"},
            "health": {"status": "Healthy", "lastTransitionTime": "2026-01-01T10:00:30Z"},
            **status,
        },
    }


def operation(phase: str) -> dict[str, Any]:
    return {
        "phase": phase,
        "startedAt": "2026-01-01T10:00:00Z",
        "finishedAt": "2026-01-01T10:00:20Z",
        "message": 'said "no"',
        "syncResult": {"revision": "abc"},
    }


def fired(app: dict[str, Any]) -> set[str]:
    evaluate = evaluator({"app": app}, {}, is_guarded=False)
    return {
        name
        for name, trigger in CATALOGUE.triggers.items()
        if any(verdict.holds for verdict in verdicts_of(trigger, evaluate))
    } - {"on-created"}


def test_what_people_apply_is_what_the_wheel_has() -> None:
    applied = ROOT / "deploy" / "notifications" / "argocd-notifications-cm.yaml"

    assert CATALOGUE.problems == ()
    assert yaml.safe_load(applied.read_text())["data"] == default_config_map("argocd")["data"]


def test_triggers_and_templates_have_the_names_of_argo_cd() -> None:
    assert sorted(CATALOGUE.triggers) == [
        "on-created", "on-deleted", "on-deployed", "on-health-degraded", "on-sync-failed",
        "on-sync-running", "on-sync-status-unknown", "on-sync-succeeded",
    ]  # fmt: skip
    assert {
        template
        for trigger in CATALOGUE.triggers.values()
        for condition in trigger.conditions
        for template in condition.send
    } == set(CATALOGUE.templates)


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        pytest.param({"metadata": {"name": "new"}}, set(), id="a new one without a status"),
        pytest.param(application(), set(), id="no operation yet"),
        pytest.param(
            application(operationState=operation("Running")), {"on-sync-running"}, id="running"
        ),
        pytest.param(
            application(operationState=operation("Failed")), {"on-sync-failed"}, id="failed"
        ),
        pytest.param(
            application(operationState=operation("Error")), {"on-sync-failed"}, id="in error"
        ),
        pytest.param(
            application(operationState=operation("Succeeded")),
            {"on-sync-succeeded", "on-deployed"},
            id="healthy right after the sync",
        ),
        pytest.param(
            application(
                operationState=operation("Succeeded"),
                health={"status": "Healthy", "lastTransitionTime": "2026-01-01T09:00:00Z"},
            ),
            {"on-sync-succeeded", "on-deployed"},
            id="healthy since before the sync",
        ),
        pytest.param(
            application(operationState=operation("Succeeded"), health={"status": "Healthy"}),
            {"on-sync-succeeded", "on-deployed"},
            id="healthy, nobody knows since when",
        ),
        pytest.param(
            application(operationState=operation("Succeeded"), health={"status": "Progressing"}),
            {"on-sync-succeeded"},
            id="synced but not healthy yet",
        ),
        pytest.param(application(health={"status": "Degraded"}), {"on-health-degraded"}, id="bad"),
        pytest.param(
            application(sync={"status": "Unknown"}), {"on-sync-status-unknown"}, id="unknown"
        ),
        pytest.param(
            {"metadata": {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"}},
            {"on-deleted"},
            id="being deleted",
        ),
    ],
)
def test_triggers_hold_when_their_names_say(app: dict[str, Any], expected: set[str]) -> None:
    assert fired(app) == expected


@pytest.mark.parametrize("name", sorted(CATALOGUE.templates))
@pytest.mark.parametrize("kind", ["slack", "teams", "email"])
@pytest.mark.parametrize("has_many", [False, True], ids=["one source", "several sources"])
def test_a_template_renders_for_each_service(name: str, kind: str, has_many: bool) -> None:
    conditions = [{"type": "SyncError", "message": 'line "one"\nline two'}]
    app = application(operationState=operation("Failed"), conditions=conditions)
    if has_many:
        app["spec"] = {"sources": [{"repoURL": "https://a/b"}, {"repoURL": "https://a/c"}]}
    service = ServiceConfig(name=kind, type=kind, options={})
    template = CATALOGUE.templates[name]
    result = answer(
        {
            "templates": sources_of(template, service),
            "variables": {"app": app, "context": {"argocdUrl": "https://cd.example"}},
            "facts": {},
        }
    )
    block = filled(template, service, result["texts"])

    assert "shop" in result["texts"]["message"]
    assert "<no value>" not in str(result)
    for field in {"attachments", "facts", "potentialAction"} & block.keys():
        assert "https://" in block[field] or field == "facts"
        json.loads(block[field])
