import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.go_dumps import shortened
from tiphys.engine.scrubbing import HIDDEN, without_secrets
from tiphys.model.keys import Manifest
from tiphys.structured.gotext import go_syntax


def secret(**fields: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": 12345}}


@pytest.mark.parametrize(
    ("text", "face", "expected"),
    [
        pytest.param(
            ".stringData.pin: expected string, got &value.valueUnstructured{Value:987654321}",
            secret(stringData={"pin": 987654321}),
            f".stringData.pin: expected string, got {HIDDEN}",
            id="a number",
        ),
        pytest.param(
            ".data.a: expected string, got &value.valueUnstructured{Value:map[string]interface "
            '{}{"deep":"hunter2"}}',
            secret(data={"a": {"deep": "hunter2"}}),
            f".data.a: expected string, got {HIDDEN}",
            id="a map",
        ),
        pytest.param(
            'Secret "s" is invalid: data[a]: Invalid value: "hunter2": no',
            secret(data={"a": base64.b64encode(b"hunter2").decode()}),
            f'Secret "s" is invalid: data[a]: Invalid value: {HIDDEN}: no',
            id="a value that is announced",
        ),
        pytest.param(
            "admission webhook denied it: password hunter2 is too weak",
            secret(data={"a": base64.b64encode(b"hunter2").decode()}),
            f"admission webhook denied it: password {HIDDEN} is too weak",
            id="what a webhook quotes",
        ),
        pytest.param(
            "cannot decode aHVudGVyMg==",
            secret(data={"a": "aHVudGVyMg=="}),
            f"cannot decode {HIDDEN}",
            id="the encoded value",
        ),
        pytest.param(
            "jq: cannot iterate over string (line one\\nline two)",
            secret(stringData={"a": "line one\nline two"}),
            f"jq: cannot iterate over string ({HIDDEN})",
            id="an escaped value",
        ),
        pytest.param(
            "quota 10 of 100 used, 1 wrong",
            secret(stringData={"a": "1"}),
            f"quota 10 of 100 used, {HIDDEN} wrong",
            id="a value of one letter",
        ),
        pytest.param(
            ".data.a: expected string, got &value.valueUnstructured{Value:12345}",
            CONFIG,
            ".data.a: expected string, got &value.valueUnstructured{Value:12345}",
            id="of another kind all is shown",
        ),
        pytest.param(
            "secrets is forbidden: quota",
            secret(),
            "secrets is forbidden: quota",
            id="no value, no change",
        ),
    ],
)
def test_a_message_about_a_secret_shows_no_value(text: str, face: Manifest, expected: str) -> None:
    assert without_secrets(text, [face, None]) == expected


def test_values_of_annotations_that_are_secret_are_hidden_on_any_kind() -> None:
    face = {**CONFIG, "metadata": {"name": "c", "annotations": {"token": "t0p-secret"}}}

    assert without_secrets("bad t0p-secret", [face], ["token"]) == f"bad {HIDDEN}"


@given(st.text(min_size=4), st.booleans())
def test_no_value_of_a_secret_survives(value: str, is_plain: bool) -> None:
    encoded = base64.b64encode(value.encode()).decode()
    face = secret(stringData={"a": value}) if is_plain else secret(data={"a": encoded})
    text = f"admission: {value} / got {go_syntax(value)} / {encoded if not is_plain else ''}"

    shown = without_secrets(text, [face])

    if value.strip() and value not in "admission: /  got /" + HIDDEN * 3:
        assert value not in shown.replace(HIDDEN, "")


TEMPLATE = (
    'core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"", Labels:map[string]string{"a":"}"}}, '
    'Spec:core.PodSpec{Containers:[]core.Container{core.Container{Name:"main"}}}}'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            f"spec.template: Invalid value: {TEMPLATE}: field is immutable",
            "spec.template: Invalid value: core.PodTemplateSpec{...}: field is immutable",
            id="a struct",
        ),
        pytest.param(
            f"spec.template: Invalid value: {TEMPLATE[:150]}",
            "spec.template: Invalid value: core.PodTemplateSpec{...}",
            id="a struct that was cut",
        ),
        pytest.param(
            ".spec.x: expected string, got &value.valueUnstructured{Value:1}",
            ".spec.x: expected string, got 1",
            id="a wrapper",
        ),
        pytest.param(
            'got &value.valueUnstructured{Value:map[string]interface {}{"a":"' + "b" * 90 + '"}}',
            "got map[string]interface {}{...}",
            id="a long map",
        ),
        pytest.param("a {b} c{d}", "a {b} c{d}", id="short braces"),
        pytest.param("no braces at all", "no braces at all", id="nothing"),
    ],
)
def test_go_structs_in_messages_are_cut(text: str, expected: str) -> None:
    assert shortened(text) == expected


@given(st.text(alphabet='ab{}"\\`.:[]& ', max_size=60))
def test_any_text_can_be_shortened_and_does_not_grow(text: str) -> None:
    assert len(shortened(text)) <= len(text)
