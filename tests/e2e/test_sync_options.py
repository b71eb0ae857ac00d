"""Each sync option does what it is there for."""

import time
from typing import Any

import pytest

from tests.e2e.api import RefusedError, eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import App, Repository, World

CASCADE = ["resources-finalizer.argocd.argoproj.io"]
REPLICAS = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]


def _app(
    world: World, files: dict[str, dict[str, Any]], *options: str, **spec: Any
) -> tuple[App, Repository, str]:
    namespace = world.new_namespace()
    repository = world.new_repository({name: text(found) for name, found in files.items()})
    policy = {"syncOptions": list(options)}
    app = world.new_app(repository, namespace, syncPolicy=policy, **spec)
    app.wait("OutOfSync")
    return app, repository, namespace


def _messages(state: dict[str, Any]) -> dict[str, str]:
    return {r["name"]: r["message"] for r in state["syncResult"]["resources"]}


def _says(app: App, words: str) -> None:
    eventually(
        f"the operation says: {words}",
        lambda: words in (app.status.get("operationState") or {}).get("message", ""),
    )


def _approve(app: App) -> None:
    approved = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    app.patch({"metadata": {"annotations": {"argocd.argoproj.io/deletion-approved": approved}}})


# RespectIgnoreDifferences


@pytest.mark.parametrize(
    ("options", "replicas"),
    [
        pytest.param([], 2, id="without it Git wins"),
        pytest.param(["RespectIgnoreDifferences=true"], 0, id="with it live wins"),
    ],
)
def test_an_ignored_field_that_somebody_changed(
    world: World, options: list[str], replicas: int
) -> None:
    files = {"web.yaml": deployment("web", replicas=2)}
    app, repository, namespace = _app(world, files, *options, ignoreDifferences=REPLICAS)
    app.sync()
    world.api.merge("Deployment", namespace, "web", {"spec": {"replicas": 0}})
    repository.push({"web.yaml": text(deployment("web", replicas=2, image="registry.example/x:2"))})
    app.wait("OutOfSync")

    assert app.sync()["phase"] == "Succeeded"

    live = world.api.get("Deployment", namespace, "web")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/x:2"
    assert live["spec"]["replicas"] == replicas
    app.wait("Synced")


def test_an_ignored_field_that_is_ours_alone_stays_as_it_is(world: World) -> None:
    files = {"web.yaml": deployment("web", replicas=0)}
    app, repository, namespace = _app(
        world, files, "RespectIgnoreDifferences=true", ignoreDifferences=REPLICAS
    )
    app.sync()
    assert world.api.get("Deployment", namespace, "web")["spec"]["replicas"] == 0
    repository.push({"web.yaml": text(deployment("web", replicas=3, image="registry.example/x:2"))})
    app.wait("OutOfSync")

    app.sync()

    # Left out of the apply it would have become 1, the default.
    assert world.api.get("Deployment", namespace, "web")["spec"]["replicas"] == 0


# Replace, Force, Validate, ServerSideApply


def test_replace_of_the_application_replaces_every_object(world: World) -> None:
    app, _, namespace = _app(world, {"one.yaml": config_map("one")}, "Replace=true")
    app.sync()
    world.api.merge("ConfigMap", namespace, "one", {"data": {"foreign": "x"}})

    assert _messages(app.sync()) == {"one": "configmap/one replaced"}

    assert world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "value"}


def _with_selector(value: str, **annotations: Any) -> dict[str, Any]:
    found = deployment("web", **annotations)
    found["spec"]["selector"]["matchLabels"]["tier"] = value
    found["spec"]["template"]["metadata"]["labels"]["tier"] = value
    return found


def test_a_change_of_an_immutable_field_is_refused_before_anything_is_written(
    world: World,
) -> None:
    app, repository, namespace = _app(world, {"web.yaml": _with_selector("old")})
    app.sync()
    repository.push({"web.yaml": text(_with_selector("new")), "one.yaml": text(config_map("one"))})
    app.wait("OutOfSync")

    state = app.sync()

    assert (state["phase"], state["message"]) == (
        "Failed",
        "one or more objects failed to apply (dry run)",
    )
    assert "field is immutable" in _messages(state)["web"]
    assert world.api.find("ConfigMap", namespace, "one") is None


@pytest.mark.parametrize("place", ["resource", "operation", "with Replace"])
def test_force_recreates_what_cannot_be_changed(world: World, place: str) -> None:
    words = {"resource": "Force=true", "with Replace": "Force=true,Replace=true"}
    annotations = {"sync_options": words[place]} if place in words else {}
    app, repository, namespace = _app(world, {"web.yaml": _with_selector("old", **annotations)})
    app.sync()
    before = world.api.get("Deployment", namespace, "web")["metadata"]["uid"]
    repository.push({"web.yaml": text(_with_selector("new", **annotations))})
    app.wait("OutOfSync")

    force: dict[str, Any] = (
        {"syncStrategy": {"apply": {"force": True}}} if place == "operation" else {}
    )
    state = app.sync(**force)

    assert state["phase"] == "Succeeded", state
    live = world.api.get("Deployment", namespace, "web")
    assert live["spec"]["selector"]["matchLabels"]["tier"] == "new"
    assert live["metadata"]["uid"] != before


def test_validate_false_on_a_resource_lets_its_unknown_fields_pass(world: World) -> None:
    strange = {**config_map("one", sync_options="Validate=false"), "dota": {"a": "b"}}
    app, _, namespace = _app(world, {"one.yaml": strange})

    assert app.sync()["phase"] == "Succeeded"

    assert world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "value"}


LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.mark.parametrize(
    ("option", "message", "is_annotated"),
    [
        pytest.param("ServerSideApply=true", "configmap/one serverside-applied", False, id="true"),
        pytest.param("ServerSideApply=false", "configmap/one created", True, id="false"),
    ],
)
def test_server_side_apply_is_said_only_where_it_was_asked_for(
    world: World, option: str, message: str, is_annotated: bool
) -> None:
    app, _, namespace = _app(world, {"one.yaml": config_map("one")}, option)

    assert _messages(app.sync()) == {"one": message}

    live = world.api.get("ConfigMap", namespace, "one")
    assert (LAST_APPLIED in live["metadata"]["annotations"]) is is_annotated
    app.wait("Synced")


@pytest.mark.parametrize(
    ("options", "left"),
    [
        pytest.param([], {"key": "value"}, id="migrated"),
        pytest.param(
            ["ClientSideApplyMigration=false"], {"key": "value", "old": "x"}, id="not migrated"
        ),
    ],
)
def test_what_kubectl_applied_leaves_with_git_unless_that_is_switched_off(
    world: World, options: list[str], left: dict[str, str]
) -> None:
    app, _, namespace = _app(world, {"one.yaml": config_map("one")}, *options)
    applied = {"data": {"key": "value", "old": "x"}}
    record = config_map("one", **{LAST_APPLIED: '{"data":{"key":"value","old":"x"}}'})
    record["metadata"]["namespace"] = namespace
    world.api.request(
        "POST",
        f"/api/v1/namespaces/{namespace}/configmaps",
        {**record, **applied},
        fieldManager="kubectl-client-side-apply",
    )

    assert app.sync()["phase"] == "Succeeded"

    assert world.api.get("ConfigMap", namespace, "one")["data"] == left


# Prune


def _with_gone(world: World, *options: str, **gone: str) -> tuple[App, str]:
    """An Application that is synced, and whose object `gone` has left Git."""
    files = {"one.yaml": config_map("one"), "gone.yaml": config_map("gone", **gone)}
    app, repository, namespace = _app(world, files, *options)
    app.sync()
    app.wait("Synced")
    never = deployment("never", replicas=1, image="registry.example/does-not-exist:1")
    repository.push({"gone.yaml": None, "never.yaml": text(never)})
    app.wait("OutOfSync")
    time.sleep(1.0)  # operations are told apart by their start in whole seconds
    return app, namespace


@pytest.mark.parametrize("place", ["application", "resource"])
def test_prune_last_waits_until_everything_else_is_healthy(world: World, place: str) -> None:
    options = ["PruneLast=true"] if place == "application" else []
    annotations = {"sync_options": "PruneLast=true"} if place == "resource" else {}
    app, namespace = _with_gone(world, *options, **annotations)

    app.start_sync(prune=True)
    _says(app, "waiting for healthy state of apps/Deployment/never")

    assert world.api.find("ConfigMap", namespace, "gone") is not None
    app.patch({"status": {"operationState": {"phase": "Terminating"}}})
    app.wait_for_operation()


def test_without_prune_last_the_prune_comes_first(world: World) -> None:
    app, namespace = _with_gone(world)

    app.start_sync(prune=True)

    eventually("it is gone", lambda: world.api.find("ConfigMap", namespace, "gone") is None, 5)


@pytest.mark.parametrize(
    ("policy", "is_left"),
    [
        pytest.param("orphan", True, id="orphan leaves them"),
        pytest.param("background", False, id="background takes them along"),
        pytest.param("foreground", False, id="foreground too"),
    ],
)
def test_the_propagation_policy_decides_about_the_dependents(
    world: World, policy: str, is_left: bool
) -> None:
    files = {"one.yaml": config_map("one"), "web.yaml": deployment("web")}
    app, repository, namespace = _app(world, files, f"PrunePropagationPolicy={policy}")
    app.sync()
    eventually("the ReplicaSet is there", lambda: world.api.list("ReplicaSet", namespace))
    repository.push({"web.yaml": None})
    app.wait("OutOfSync")

    app.sync(prune=True)

    eventually("it is gone", lambda: world.api.find("Deployment", namespace, "web") is None)
    if is_left:
        (left,) = world.api.list("ReplicaSet", namespace)
        assert not left["metadata"].get("ownerReferences")
    else:
        eventually("they are gone", lambda: not world.api.list("ReplicaSet", namespace))


def test_what_was_recreated_by_somebody_else_is_not_pruned(world: World) -> None:
    files = {
        "one.yaml": config_map("one"),
        "gone.yaml": config_map("gone", sync_options="Prune=confirm"),
    }
    app, repository, namespace = _app(world, files)
    app.sync()
    repository.push({"gone.yaml": None})
    app.wait("OutOfSync")
    time.sleep(1.0)
    app.start_sync(prune=True)
    _says(app, "waiting for pruning confirmation")

    world.api.delete("ConfigMap", namespace, "gone")
    foreign = config_map("gone", {"of": "somebody else"})
    foreign["metadata"]["namespace"] = namespace
    world.api.create(foreign)
    _approve(app)
    state = app.wait_for_operation()

    assert state["phase"] == "Succeeded"
    assert world.api.get("ConfigMap", namespace, "gone")["data"] == {"of": "somebody else"}


def test_prune_confirm_of_the_application_waits_and_one_of_a_resource_wins(world: World) -> None:
    files = {
        "one.yaml": config_map("one"),
        "asks.yaml": config_map("asks"),
        "free.yaml": config_map("free", sync_options="Prune=true"),
    }
    app, repository, namespace = _app(world, files, "Prune=confirm")
    app.sync()
    repository.push({"asks.yaml": None, "free.yaml": None})
    app.wait("OutOfSync")
    time.sleep(1.0)

    app.start_sync(prune=True)
    _says(app, "waiting for pruning confirmation of /ConfigMap/asks")

    assert world.api.find("ConfigMap", namespace, "free") is None
    assert world.api.find("ConfigMap", namespace, "asks") is not None
    _approve(app)
    app.wait_for_operation()
    assert world.api.find("ConfigMap", namespace, "asks") is None


def test_a_sync_without_prune_asks_nobody(world: World) -> None:
    app, repository, _ = _app(
        world, {"one.yaml": config_map("one"), "two.yaml": config_map("two")}, "Prune=confirm"
    )
    app.sync()
    repository.push({"two.yaml": None})
    app.wait("OutOfSync")

    assert _messages(app.sync())["two"] == "ignored (requires pruning)"


# Delete


def _is_gone(world: World, app: App) -> bool:
    return world.api.find("Application", "argocd", app.name) is None


def test_delete_false_of_the_application_keeps_what_does_not_say_otherwise(world: World) -> None:
    files = {
        "kept.yaml": config_map("kept"),
        "free.yaml": config_map("free", sync_options="Delete=true"),
    }
    app, _, namespace = _app(world, files, "Delete=false", metadata={"finalizers": CASCADE})
    app.sync()

    app.delete()

    eventually("the Application is gone", lambda: _is_gone(world, app))
    assert world.api.find("ConfigMap", namespace, "kept") is not None
    assert world.api.find("ConfigMap", namespace, "free") is None


def test_delete_confirm_of_the_application_waits_for_the_approval(world: World) -> None:
    files = {"one.yaml": config_map("one")}
    app, _, namespace = _app(world, files, "Delete=confirm", metadata={"finalizers": CASCADE})
    app.sync()
    assert app.wait("Synced")["resources"][0]["requiresDeletionConfirmation"] is True
    app.delete()
    time.sleep(0.5)
    assert world.api.find("ConfigMap", namespace, "one") is not None

    _approve(app)

    eventually("the Application is gone", lambda: _is_gone(world, app))
    assert world.api.find("ConfigMap", namespace, "one") is None


# FailOnSharedResource, SkipDryRunOnMissingResource


def test_fail_on_shared_resource_refuses_what_another_application_has(world: World) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    namespace = world.new_namespace()
    first = world.new_app(repository, namespace)
    first.wait("OutOfSync")
    first.sync()
    options = {"syncOptions": ["FailOnSharedResource=true"]}
    second = world.new_app(repository, namespace, syncPolicy=options)
    second.wait("OutOfSync")

    state = second.sync()

    assert (state["phase"], state["message"]) == (
        "Failed",
        "Shared resource found: ConfigMap/one is part of applications "
        f"argocd/{second.name} and {first.name}",
    )
    second.patch({"spec": {"syncPolicy": {"syncOptions": []}}})
    assert second.sync()["phase"] == "Succeeded"


def _gadget(kind: str, **annotations: str) -> dict[str, Any]:
    found = {**config_map("g", **annotations), "kind": kind, "apiVersion": "late.example.com/v1"}
    return {name: value for name, value in found.items() if name != "data"}


def _definition(kind: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.late.example.com"},
        "spec": {
            "group": "late.example.com",
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


@pytest.mark.parametrize("place", ["application", "resource"])
def test_a_missing_kind_stops_only_itself_where_the_dry_run_is_skipped(
    world: World, place: str
) -> None:
    options = ["SkipDryRunOnMissingResource=true"] if place == "application" else []
    words = {"sync_options": "SkipDryRunOnMissingResource=true"} if place == "resource" else {}
    files = {"one.yaml": config_map("one"), "g.yaml": _gadget("Ghost", **words)}
    app, _, namespace = _app(world, files, *options)

    state = app.sync()

    assert state["phase"] == "Failed"
    assert state["message"].startswith("one or more objects failed to apply, reason: ")
    assert "late.example.com/Ghost" in _messages(state)["g"]
    assert world.api.find("ConfigMap", namespace, "one") is not None


def test_a_kind_that_appears_while_the_sync_runs_is_found(world: World) -> None:
    """An operator that one wave deploys brings the definition that a later wave needs."""
    gadget = _gadget("Gadget", sync_wave="5", sync_options="SkipDryRunOnMissingResource=true")
    files = {"asks.yaml": config_map("asks", sync_options="Prune=confirm"), "g.yaml": gadget}
    app, repository, _ = _app(world, files)
    app.start_sync(resources=[{"kind": "ConfigMap", "name": "asks"}])
    app.wait_for_operation()
    repository.push({"asks.yaml": None})
    eventually("it left Git", lambda: app.resource("ConfigMap", "asks").get("requiresPruning"))
    time.sleep(1.0)
    app.start_sync(prune=True)
    _says(app, "waiting for pruning confirmation")

    world.api.create(_definition("Gadget"))
    _approve(app)

    assert app.wait_for_operation()["phase"] == "Succeeded"


# The dry run of the whole set


def _refusing_webhook(name: str, namespace: str) -> dict[str, Any]:
    rule = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["*"], "resources": ["secrets"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "nobody.example.com",
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "rules": [rule],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 1,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            }
        ],
    }


def test_a_webhook_that_does_not_answer_the_dry_run_blocks_no_other_object(world: World) -> None:
    if not world.is_real:
        pytest.skip("the sandbox calls no webhooks")
    secret = {**config_map("secret"), "kind": "Secret", "stringData": {"a": "b"}}
    del secret["data"]
    app, _, namespace = _app(world, {"one.yaml": config_map("one"), "s.yaml": secret})
    name = f"nobody-{namespace}"
    world.api.create(_refusing_webhook(name, namespace))
    try:
        eventually("the webhook is asked", lambda: _is_refused(world, namespace))
        state = app.sync()
    finally:
        world.api.delete("ValidatingWebhookConfiguration", "", name)

    assert state["message"].startswith("one or more objects failed to apply, reason: ")
    assert "failed calling webhook" in _messages(state)["secret"]
    assert world.api.find("ConfigMap", namespace, "one") is not None


def _is_refused(world: World, namespace: str) -> bool:
    secret = {"apiVersion": "v1", "kind": "Secret"}
    try:
        metadata = {"name": f"probe-{time.time_ns()}", "namespace": namespace}
        world.api.create({**secret, "metadata": metadata})
    except RefusedError as err:
        return err.code >= 500
    return False


def test_a_wrong_type_is_found_before_the_namespace_is_made(world: World) -> None:
    namespace = f"made-{time.time_ns()}"
    wrong = {**config_map("two"), "data": {"a": 1}}
    repository = world.new_repository({"all.yaml": text(config_map("one"), wrong)})
    policy = {"syncOptions": ["CreateNamespace=true"]}
    app = world.new_app(repository, namespace, syncPolicy=policy)
    app.wait("OutOfSync")

    state = app.sync()

    assert state["message"] == "one or more objects failed to apply (dry run)"
    messages = _messages(state)
    assert list(messages) == ["two"]
    assert messages["two"].startswith(".data.a: expected string")
    assert world.api.find("Namespace", "", namespace) is None
