"""The Go structs that the sandbox knows are those of the kinds that it serves."""

from tiphys.sandbox.typed.apitypes import ApiType, api_types
from tiphys.sandbox.typed.kinds import Kinds
from tiphys.structured.schema import load_builtin_schema


def json_names(type_: ApiType) -> set[str]:
    """The fields in JSON, those of embedded structs among them."""
    names = set()
    for field in type_.fields:
        if field.json:
            names.add(field.json)
        else:
            names |= json_names(api_types().types[field.go])
    return names


def test_every_kind_that_is_served_has_a_struct() -> None:
    for kind in Kinds().all():
        name = api_types().kinds[f"{kind.gvk.api_version}/{kind.kind}"]
        assert name in api_types().types


def test_the_structs_have_the_fields_of_the_schema() -> None:
    schema = load_builtin_schema()
    for name in set(schema.names()) & set(api_types().types):
        type_, part = api_types().types[name], schema.named(name).map
        if not type_.custom and part is not None and part.fields:
            assert json_names(type_) == set(part.fields), name


def test_protobuf_numbers_tell_the_fields_of_a_struct_apart() -> None:
    for name, type_ in api_types().types.items():
        numbers = [field.number for field in type_.fields if field.number]
        assert len(numbers) == len(set(numbers)), name
