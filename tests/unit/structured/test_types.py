"""The types of the built-in kinds are those of the API server."""

import zlib
from pathlib import Path

import pytest

from scripts.generate_schemas import TARGET, build
from tests.unit.structured import replay
from tiphys.model.keys import GroupVersionKind
from tiphys.structured.schema import SchemaError, load_builtin_schema, schema_from_crd
from tiphys.structured.types import TypeRef

SCHEMAS = load_builtin_schema()


def described() -> dict[str, str]:
    """Return what the Go libraries say of lists and maps that are not owned in the plain way."""
    [lines] = [answer["result"] for _, case, answer in replay.recorded() if case["ask"] == "lists"]
    return dict(line.split(" ", 1) for line in lines)


def ours(type_: TypeRef) -> str:
    if type_.map is not None and type_.map.atomic:
        return "atomic map"
    if type_.list is None or type_.list.atomic:
        return ""
    if not type_.list.keys:
        return "set"
    defaults = type_.list.key_defaults
    keys = [f"{key}={defaults[key]}" if key in defaults else key for key in type_.list.keys]
    return "list by " + ",".join(keys)


def fields_of(name: str) -> dict[str, TypeRef]:
    type_ = SCHEMAS.named(name)
    return type_.map.fields if type_.map else {}


def test_every_list_and_map_is_owned_as_the_server_has_it() -> None:
    wrong = {}
    for place, text in described().items():
        name, _, field = place.rpartition(".")
        if text == "atomic" or name not in SCHEMAS.names():
            continue
        found = fields_of(name).get(field)
        if found is not None and ours(found) != text:
            wrong[place] = (ours(found), text)

    assert wrong == {}


def test_no_list_is_associative_that_is_not_so_for_the_server() -> None:
    known = described()
    extra = {
        f"{name}.{field}": ours(type_)
        for name in SCHEMAS.names()
        for field, type_ in fields_of(name).items()
        if not type_.name and ours(type_) and f"{name}.{field}" not in known
    }

    assert {place for place in extra if place.startswith("io.k8s.api.")} == set()


def test_the_data_is_what_the_script_writes() -> None:
    assert Path(TARGET).exists()

    assert zlib.decompress(Path(TARGET).read_bytes()) == zlib.decompress(build())


@pytest.mark.parametrize(
    ("kind", "path", "keys"),
    [
        pytest.param(("apps", "v1", "Deployment"), "spec.template.spec.containers", ("name",),
                     id="containers are known by name"),
        pytest.param(("", "v1", "Service"), "spec.ports", ("port", "protocol"),
                     id="ports are known by number and protocol"),
        pytest.param(("", "v1", "Pod"), "metadata.ownerReferences", ("uid",),
                     id="owners are known by uid"),
    ],
)  # fmt: skip
def test_lists_have_their_keys(
    kind: tuple[str, str, str], path: str, keys: tuple[str, ...]
) -> None:
    type_ = SCHEMAS.schema_for(GroupVersionKind(*kind))
    for field in path.split("."):
        assert type_ is not None
        type_ = type_.child(field)

    assert type_ is not None
    assert type_.list is not None
    assert type_.list.keys == keys


def test_an_unknown_kind_has_no_type_and_an_unknown_definition_is_an_error() -> None:
    assert SCHEMAS.schema_for(GroupVersionKind("example.com", "v1", "Thing")) is None
    with pytest.raises(SchemaError):
        SCHEMAS.named("nothing.like.it")


def test_a_custom_resource_always_has_the_metadata_of_every_object() -> None:
    type_ = schema_from_crd({"type": "object", "properties": {"metadata": {"type": "object"}}})
    metadata = type_.child("metadata")

    assert metadata is not None
    assert ours(metadata.child("finalizers") or TypeRef()) == "set"
