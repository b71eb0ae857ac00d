from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
import yaml

from tiphys.model.errors import RenderError
from tiphys.model.source import KustomizeSource
from tiphys.sources.render.kustomize_edits import edit_kustomization

ENVIRONMENT = {"ARGOCD_APP_NAME": "shop"}


def edited(folder: Path, before: str, **settings: Any) -> dict[str, Any]:
    (folder / "kustomization.yaml").write_text(before)
    converted = msgspec.convert(settings, KustomizeSource)
    edit_kustomization(folder, converted, ENVIRONMENT)
    found: dict[str, Any] = orjson.loads((folder / "kustomization.yaml").read_bytes())
    return found


IMAGES = "images: [{name: nginx, newName: mirror/nginx, newTag: '1'}, {name: redis, digest: d}]"
LABELS = "labels: [{pairs: {a: b}, includeSelectors: true}, {pairs: {c: d}}]"


@pytest.mark.parametrize(
    ("before", "settings", "expected"),
    [
        pytest.param(
            "namePrefix: a-",
            {"namePrefix": "b-", "nameSuffix": "-c", "namespace": "n"},
            {"namePrefix": "b-", "nameSuffix": "-c", "namespace": "n"},
            id="names replace what is there",
        ),
        pytest.param(
            "",
            {"images": ["a:1", "b@sha256:x", "c=d/e:2", "h:80/p:3", "i=j", "k=$ARGOCD_APP_NAME:1"]},
            {
                "images": [
                    {"name": "a", "newTag": "1"},
                    {"name": "b", "digest": "sha256:x"},
                    {"name": "c", "newName": "d/e", "newTag": "2"},
                    {"name": "h:80/p", "newTag": "3"},
                    {"name": "i", "newName": "j"},
                    {"name": "k", "newName": "shop", "newTag": "1"},
                ]
            },
            id="every form of an image",
        ),
        pytest.param(
            IMAGES,
            {"images": ["nginx=*:2", "redis:7"]},
            {
                "images": [
                    {"name": "nginx", "newName": "mirror/nginx", "newTag": "2"},
                    {"name": "redis", "newTag": "7"},
                ]
            },
            id="a star keeps what is there",
        ),
        pytest.param(
            "replicas: [{name: a, count: 1}, {name: b, count: 1}]",
            {"replicas": [{"name": "a", "count": "3"}, {"name": "c", "count": 2}]},
            {
                "replicas": [
                    {"name": "a", "count": 3},
                    {"name": "b", "count": 1},
                    {"name": "c", "count": 2},
                ]
            },
            id="replicas replace by name, a text is a number",
        ),
        pytest.param(
            "commonLabels: {a: b}",
            {"commonLabels": {"c": "$ARGOCD_APP_NAME"}},
            {"commonLabels": {"a": "b", "c": "shop"}},
            id="labels join, with build variables",
        ),
        pytest.param(
            "commonLabels: {a: b}",
            {"commonLabels": {"a": "c"}, "forceCommonLabels": True},
            {"commonLabels": {"a": "c"}},
            id="labels replace by force",
        ),
        pytest.param(
            LABELS,
            {"commonLabels": {"e": "f"}, "labelWithoutSelector": True},
            {
                "labels": [
                    {"pairs": {"a": "b"}, "includeSelectors": True},
                    {"pairs": {"c": "d", "e": "f"}},
                ]
            },
            id="labels without selectors join those that are alike",
        ),
        pytest.param(
            LABELS,
            {
                "commonLabels": {"c": "f"},
                "labelWithoutSelector": True,
                "labelIncludeTemplates": True,
            },
            {
                "labels": [
                    {"pairs": {"a": "b"}, "includeSelectors": True},
                    {"pairs": {"c": "d"}},
                    {"pairs": {"c": "f"}, "includeTemplates": True},
                ]
            },
            id="labels of templates stand apart",
        ),
        pytest.param(
            "",
            {"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}},
            {"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}},
            id="annotations stay as they are",
        ),
        pytest.param(
            "",
            {"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}, "commonAnnotationsEnvsubst": True},
            {"commonAnnotations": {"a": "shop"}},
            id="annotations with build variables where asked",
        ),
        pytest.param(
            "patches: [{path: a}]",
            {"patches": [{"patch": "x", "target": {"kind": "A"}}]},
            {"patches": [{"path": "a"}, {"patch": "x", "target": {"kind": "A"}}]},
            id="patches come last",
        ),
        pytest.param(
            "components: [c]",
            {"components": ["c", "there", "gone"], "ignoreMissingComponents": True},
            {"components": ["c", "there"]},
            id="missing components are dropped where asked",
        ),
        pytest.param(
            "",
            {"components": ["gone"]},
            {"components": ["gone"]},
            id="missing components are kustomize's to refuse",
        ),
    ],
)
def test_a_kustomization_is_edited(
    tmp_path: Path, before: str, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    for name in ("there", "c"):
        (tmp_path / name).mkdir()
    kept = yaml.safe_load(before) or {}
    assert edited(tmp_path, before, **settings) == {**kept, **expected}


@pytest.mark.parametrize(
    ("before", "settings", "message"),
    [
        pytest.param("", {"images": ["a"]}, "`a` is not an image", id="an image without a tag"),
        pytest.param("", {"images": ["a=b=c"]}, "`a=b=c` is not an image", id="two equals signs"),
        pytest.param(
            "",
            {"replicas": [{"name": "a", "count": "x"}]},
            "expected a number of replicas, got `x`",
            id="replicas that are no number",
        ),
        pytest.param(
            "commonLabels: {a: b}",
            {"commonLabels": {"a": "c"}},
            "label a already in kustomization file",
            id="a label that is taken",
        ),
        pytest.param(
            "commonAnnotations: {a: b}",
            {"commonAnnotations": {"a": "c"}},
            "annotation a already in kustomization file",
            id="an annotation that is taken",
        ),
        pytest.param(
            "",
            {"commonLabels": {"a": "c"}, "labelIncludeTemplates": True},
            "--without-selector flag must be specified for --include-templates to be used",
            id="templates without selectors",
        ),
        pytest.param("a: b: c", {"namePrefix": "x"}, "mapping values", id="no YAML"),
        pytest.param("[a]", {"namePrefix": "x"}, "not an object", id="a list"),
    ],
)
def test_an_edit_is_refused(
    tmp_path: Path, before: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(RenderError) as caught:
        edited(tmp_path, before, **settings)
    assert message in str(caught.value)
