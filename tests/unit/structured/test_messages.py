"""What is malformed is refused, in words that say what and where."""

from collections.abc import Callable
from typing import Any

import pytest

from tiphys.model.errors import TiphysError
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.managed import decode_managed_fields
from tiphys.structured.merge import FieldWriter, apply
from tiphys.structured.patches.json_patch import apply_json_patch
from tiphys.structured.patches.strategic import apply_strategic_patch
from tiphys.structured.pathelement import element_text, go_quote, key_fields, wire_json
from tiphys.structured.schema import schema_from_crd

ANY = schema_from_crd({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
ENTRY = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1"}
ME = FieldWriter("me", "v1", "2026-01-01T00:00:00Z", kind="ConfigMap")


@pytest.mark.parametrize(
    ("act", "text"),
    [
        pytest.param(lambda: FieldSet.from_fields_v1({"x": {}}), "2 characters", id="no kind"),
        pytest.param(lambda: FieldSet.from_fields_v1({"fx": {}}), "missing colon", id="no colon"),
        pytest.param(lambda: FieldSet.from_fields_v1({"k:{": {}}), "cannot be read", id="no JSON"),
        pytest.param(lambda: FieldSet.from_fields_v1({"k:[]": {}}), "object of key", id="no keys"),
        pytest.param(lambda: FieldSet.from_fields_v1({"i:x": {}}), "cannot be read", id="no index"),
        pytest.param(lambda: FieldSet.from_fields_v1({"f:a": [1]}), "an object", id="a list below"),
        pytest.param(
            lambda: decode_managed_fields([{**ENTRY, "operation": "Do"}]),
            "operation must be `Apply` or `Update`",
            id="an unknown operation",
        ),
        pytest.param(
            lambda: decode_managed_fields([{**ENTRY, "apiVersion": ""}]),
            "apiVersion must not be empty",
            id="no version",
        ),
        pytest.param(
            lambda: decode_managed_fields([{**ENTRY, "fieldsType": ""}]),
            "missing fieldsType in managed fields entry 0",
            id="no type of fields",
        ),
        pytest.param(
            lambda: decode_managed_fields([ENTRY, {**ENTRY, "fieldsType": "V2"}]),
            'invalid fieldsType "V2" in managed fields entry 1',
            id="an unknown type of fields",
        ),
        pytest.param(
            lambda: apply(None, {"apiVersion": "v1", "kind": "Secret"}, by=ME, schema=ANY),
            "invalid object type: /v1, Kind=Secret",
            id="another kind",
        ),
        pytest.param(
            lambda: apply_json_patch({}, [1]),  # type: ignore[list-item] # the point of the case
            "cannot unmarshal",
            id="an operation that is none",
        ),
        pytest.param(
            lambda: apply_strategic_patch({"a": 1}, {"$retainKeys": 1}, ANY),
            "invalid patch format of retainKeys",
            id="retained keys that are no list",
        ),
    ],
)
def test_what_is_malformed_is_refused(act: Callable[[], Any], text: str) -> None:
    with pytest.raises(TiphysError) as caught:
        act()

    assert text in caught.value.what


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ("f:spec", ".spec"),
        ('k:{"name":"x","port":80}', '[name="x",port=80]'),
        ('v:"x"', '[="x"]'),
        ("v:true", "[=true]"),
        ("i:3", "[3]"),
    ],
)
def test_elements_read_as_in_the_servers_messages(element: str, text: str) -> None:
    assert element_text(element) == text


def test_only_keys_have_key_fields() -> None:
    assert key_fields('k:{"a":1}') == {"a": 1}
    assert key_fields("f:a") == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1.5, "1.5"), ("a<b", '"a\\u003cb"'), (True, "true"), (None, "null")],
)
def test_values_are_written_as_the_server_does(value: object, text: str) -> None:
    assert wire_json(value) == text


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("a\tb", '"a\\tb"'), ("é", '"é"'), ("\x07", '"\\a"'), ("\u200b", '"\\u200b"')],
)
def test_text_is_quoted_as_go_does(text: str, quoted: str) -> None:
    assert go_quote(text) == quoted
