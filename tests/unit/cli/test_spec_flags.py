"""What the flags of `app create`, `app set` and `app unset` do to a spec."""

import copy
from typing import Any

import pytest

from tiphys.cli.spec_flags import SPEC_FLAGS, apply_spec_flags, names_source
from tiphys.cli.unset_flags import UNSET_FLAGS, unset
from tiphys.model.application import ApplicationSpec
from tiphys.model.errors import InvalidInputError
from tiphys.model.source import ApplicationSource

SET = {
    "a path": ({"path": "web"}, {}, {"path": "web"}),
    "value files replace those that were there": (
        {"values": ("a.yaml", "b.yaml")},
        {"helm": {"valueFiles": ["old.yaml"]}},
        {"helm": {"valueFiles": ["a.yaml", "b.yaml"]}},
    ),
    "a parameter replaces the one of its name and leaves the others": (
        {"parameter": ("image.tag=2",)},
        {"helm": {"parameters": [{"name": "image.tag", "value": "1"}, {"name": "x", "value": ""}]}},
        {"helm": {"parameters": [{"name": "x", "value": ""}, {"name": "image.tag", "value": "2"}]}},
    ),
    "a value may hold equals signs": (
        {"helm_set_string": ("args=--a=b",)},
        {},
        {"helm": {"parameters": [{"name": "args", "value": "--a=b", "forceString": True}]}},
    ),
    "an image replaces the override of the same image": (
        {"kustomize_image": ("shop/web:2",)},
        {"kustomize": {"images": ["shop/web:1", "shop/cache@sha256:00"]}},
        {"kustomize": {"images": ["shop/cache@sha256:00", "shop/web:2"]}},
    ),
    "a replica count is a number": (
        {"kustomize_replica": ("web=3",)},
        {},
        {"kustomize": {"replicas": [{"name": "web", "count": 3}]}},
    ),
    "common labels": (
        {"kustomize_common_label": ("team=shop", "tier=web")},
        {"kustomize": {"commonLabels": {"team": "old"}}},
        {"kustomize": {"commonLabels": {"team": "shop", "tier": "web"}}},
    ),
    "jsonnet arguments as text and as code stand side by side": (
        {"jsonnet_tla_str": ("name=web",), "jsonnet_tla_code": ("count=1+1",)},
        {},
        {
            "directory": {
                "jsonnet": {
                    "tlas": [
                        {"name": "name", "value": "web"},
                        {"name": "count", "value": "1+1", "code": True},
                    ]
                }
            }
        },
    ),
    "a switch that is turned off": (
        {"directory_recurse": False},
        {},
        {"directory": {"recurse": False}},
    ),
}


@pytest.mark.parametrize(("given", "before", "after"), SET.values(), ids=SET)
def test_a_flag_writes_its_field_of_the_source(
    given: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    source = copy.deepcopy(before)

    assert apply_spec_flags({"source": source}, source, given)

    assert source == after


def test_a_destination_named_by_address_loses_its_name() -> None:
    spec: dict[str, Any] = {"destination": {"name": "staging", "namespace": "web"}}

    apply_spec_flags(spec, {}, {"dest_server": "https://example.com"})

    assert spec["destination"] == {"server": "https://example.com", "namespace": "web"}


def test_automated_sync_turned_on_keeps_the_rest_of_the_policy_and_takes_its_own_flags() -> None:
    spec: dict[str, Any] = {"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}

    apply_spec_flags(spec, {}, {"sync_policy": "auto", "self_heal": True})

    assert spec["syncPolicy"] == {
        "syncOptions": ["CreateNamespace=true"],
        "automated": {"selfHeal": True},
    }


def test_automated_sync_turned_off_leaves_no_empty_policy() -> None:
    spec: dict[str, Any] = {"syncPolicy": {"automated": {}}}

    apply_spec_flags(spec, {}, {"sync_policy": "none"})

    assert spec == {}


def test_self_heal_without_automated_sync_is_refused_and_changes_nothing() -> None:
    spec: dict[str, Any] = {}

    with pytest.raises(InvalidInputError, match="not configured with automatic sync"):
        apply_spec_flags(spec, {}, {"self_heal": True})

    assert spec == {}


def test_a_sync_option_replaces_its_old_value_and_an_exclamation_mark_removes_one() -> None:
    spec: dict[str, Any] = {"syncPolicy": {"syncOptions": ["Prune=false", "Validate=false"]}}

    apply_spec_flags(spec, {}, {"sync_option": ("Prune=confirm", "!Validate=false")})

    assert spec["syncPolicy"]["syncOptions"] == ["Prune=confirm"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parameter": ("image.tag",)}, "--parameter: `image.tag` is not of the form name=value"),
        ({"kustomize_replica": ("web=many",)}, "--kustomize-replica: `many` is not a whole number"),
        ({"values_literal_file": "/no/such/file"}, "cannot be read"),
    ],
    ids=["no equals sign", "no number", "no file"],
)
def test_a_misspelt_value_names_its_flag(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        apply_spec_flags({}, {}, given)

    assert message in caught.value.line


def test_nothing_typed_changes_nothing() -> None:
    given: dict[str, Any] = {flag.parameter: None for flag in SPEC_FLAGS}

    assert not apply_spec_flags({}, {}, given)
    assert not names_source(given)
    assert names_source({**given, "path": "x"})


def test_every_flag_writes_a_field_that_applications_have() -> None:
    for flag in SPEC_FLAGS:
        parents = flag.path.split(".")
        kind: Any = ApplicationSource if parents[0] == "source" else ApplicationSpec
        for name in parents[1:] if parents[0] == "source" else parents:
            assert kind is not None, flag.path
            fields = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
            assert name in fields, flag.path
            kind = _struct_of(kind.__annotations__[fields[name]])


def _struct_of(annotation: Any) -> Any:
    options = getattr(annotation, "__args__", (annotation,))
    return next((o for o in options if hasattr(o, "__struct_fields__")), None)


UNSET = {
    "a parameter by name": (
        {"parameter": ("a",)},
        {"helm": {"parameters": [{"name": "a"}, {"name": "b"}]}},
        {"helm": {"parameters": [{"name": "b"}]}},
    ),
    "the last value file": (
        {"values": ("x.yaml",)},
        {"helm": {"valueFiles": ["x.yaml"], "releaseName": "r"}},
        {"helm": {"releaseName": "r"}},
    ),
    "an image whatever its tag": (
        {"kustomize_image": ("shop/web",)},
        {"kustomize": {"images": ["shop/web:1", "old=new:2"]}},
        {"kustomize": {"images": ["old=new:2"]}},
    ),
    "a prefix": ({"nameprefix": True}, {"kustomize": {"namePrefix": "p-"}}, {"kustomize": {}}),
}


@pytest.mark.parametrize(("given", "before", "after"), UNSET.values(), ids=UNSET)
def test_unset_takes_out_what_is_named(
    given: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    source = copy.deepcopy(before)

    assert unset(source, _unset_flags(**given))

    assert source == after


def test_unset_of_what_is_not_there_says_so() -> None:
    source = {"path": "web", "helm": {"parameters": [{"name": "b"}]}}

    assert not unset(source, _unset_flags(parameter=("a",), nameprefix=True))


def _unset_flags(**given: Any) -> dict[str, Any]:
    return {**dict.fromkeys((flag.parameter for flag in UNSET_FLAGS), None), **given}
