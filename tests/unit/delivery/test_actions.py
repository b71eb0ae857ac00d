"""Which actions a resource has where users have written some of their own."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
import pytest

from tiphys.delivery.actions import ResourceActions
from tiphys.engine.actions import ActionError, Impact
from tiphys.languages import worker
from tiphys.languages.asking import Answer, Question
from tiphys.model.keys import Manifest
from tiphys.settings.settings import parse_settings

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DEPLOYMENT: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": {}},
    "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "args": []}]}}},
}
SCRIPTS = """
discovery.lua: |
  local actions = {}
  actions["burst"] = {
    disabled = obj.spec.replicas > 5, displayName = "Burst", params = {{name = "to"}},
  }
  actions["restart"] = {iconClass = "mine"}
  return actions
definitions:
- name: burst
  action.lua: |
    for name, value in pairs(actionParams) do
      if name ~= "to" then goto continue end
      obj.spec.replicas = tonumber(value)
      ::continue::
    end
    return obj
- name: broken
  action.lua: error("no luck")
- name: log
  action.lua: |
    local log = {apiVersion = "v1", kind = "ConfigMap", metadata = {name = obj.metadata.name}}
    return {{operation = "create", resource = log}}
"""
MERGED = SCRIPTS + "mergeBuiltinActions: true\n"


class InProcess:
    """Runs scripts as the worker does, without a process."""

    async def ask(self, question: Question) -> Answer:
        told = worker.answer(
            {
                "language": question.program.language,
                "text": question.program.text,
                "limitS": 1.0,
                "input": orjson.loads(question.body),
            }
        )
        if "error" in told:
            return Answer(error=told["error"])
        return Answer(output=orjson.dumps(told["output"]))


def actions(config: Mapping[str, str]) -> ResourceActions:
    customizations = parse_settings(dict(config), {}).customizations
    return ResourceActions(lambda: customizations, InProcess())


def configured(scripts: str) -> ResourceActions:
    return actions({"resource.customizations.actions.apps_Deployment": scripts})


async def test_a_kind_that_nobody_configured_has_our_actions() -> None:
    found = await actions({}).available(DEPLOYMENT)

    assert [action.name for action in found] == ["pause", "restart", "resume", "scale"]


async def test_what_users_configure_takes_the_place_of_ours() -> None:
    found = await configured(SCRIPTS).available(DEPLOYMENT)

    assert [(action.name, action.icon_class) for action in found] == [
        ("burst", ""),
        ("restart", "mine"),
    ]
    assert found[0].display_name == "Burst"
    assert [parameter.name for parameter in found[0].params] == ["to"]


async def test_what_users_configure_joins_ours_where_they_say_so() -> None:
    found = await configured(MERGED).available(DEPLOYMENT)

    assert [action.name for action in found] == ["burst", "pause", "restart", "resume", "scale"]
    assert next(action for action in found if action.name == "restart").icon_class == "mine"


async def test_a_users_script_gets_the_object_and_the_parameters() -> None:
    impacts = await configured(SCRIPTS).run("burst", DEPLOYMENT, {"to": "9", "x": "1"}, NOW)

    expected = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 9}}
    assert impacts == (Impact("patch", expected),)


async def test_a_users_script_may_create_an_object() -> None:
    (impact,) = await configured(SCRIPTS).run("log", DEPLOYMENT, {}, NOW)

    created = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}
    assert impact == Impact("create", created)


async def test_our_actions_run_where_they_are_merged_and_only_there() -> None:
    (impact,) = await configured(MERGED).run("scale", DEPLOYMENT, {"replicas": "3"}, NOW)

    assert impact.manifest["spec"]["replicas"] == 3
    with pytest.raises(ActionError, match="has no action `scale` in argocd-cm"):
        await configured(SCRIPTS).run("scale", DEPLOYMENT, {"replicas": "3"}, NOW)


async def test_a_script_that_fails_says_which_and_why() -> None:
    with pytest.raises(ActionError, match=r"Lua script of `broken`: .*no luck"):
        await configured(SCRIPTS).run("broken", DEPLOYMENT, {}, NOW)
    with pytest.raises(ActionError, match="Lua script of `discovery`: "):
        await configured("discovery.lua: return obj.x.y").available(DEPLOYMENT)


async def test_the_same_action_is_not_answered_from_what_was_kept() -> None:
    asked: list[Question] = []

    class Noting(InProcess):
        async def ask(self, question: Question) -> Answer:
            asked.append(question)
            return await super().ask(question)

    customizations = parse_settings(
        {"resource.customizations.actions.apps_Deployment": SCRIPTS}, {}
    ).customizations
    made = ResourceActions(lambda: customizations, Noting())
    await made.run("log", DEPLOYMENT, {}, NOW)
    await made.run("log", DEPLOYMENT, {}, NOW.replace(minute=7))

    assert asked[0].key != asked[1].key
