"""Templates say what Go's text/template with Sprig would, and reach nothing but their variables."""

from typing import Any

import pytest

from tiphys.languages.template_worker import answer, renamed

APP: dict[str, Any] = {
    "metadata": {"name": "shop", "labels": {"team": "web"}},
    "spec": {"source": {"repoURL": "git@git.example.org:acme/shop.git"}},
    "status": {
        "sync": {"status": "Synced", "revision": "0a1b2c"},
        "conditions": [{"type": "A", "message": "one"}, {"type": "B", "message": "two"}],
        "operationState": {
            "startedAt": "2026-02-03T10:00:00Z",
            "finishedAt": "2026-02-03T10:01:30Z",
            "operation": {"info": [{"name": "ticket", "value": "OPS-7"}]},
        },
        "count": 3,
        "share": 0.5,
    },
}
COMMIT = {
    "Message": "Sell more",
    "Author": "Ana",
    "Date": "2026-02-03T09:00:00Z",
    "Tags": ["v1"],
}
DETAILS = {
    "Type": "Helm",
    "Helm": {"Name": "shop", "Parameters": [{"Name": "image.tag", "Value": "1.2"}]},
}
FACTS = {"GetCommitMetadata 0a1b2c": COMMIT, "GetAppDetails ": DETAILS}


def render(source: str, facts: dict[str, Any] = FACTS) -> dict[str, Any]:
    variables = {
        "app": APP,
        "context": {"argocdUrl": "https://cd"},
        "recipient": "#ops",
        "nothing": None,
    }
    return answer({"templates": {"message": source}, "variables": variables, "facts": facts})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("plain", "plain", id="a text without actions"),
        pytest.param("{{.app.metadata.name}}", "shop", id="a field"),
        pytest.param("{{.app.metadata.absent}}", "<no value>", id="a missing field"),
        pytest.param("{{.app.absent.deep}}", "<no value>", id="a field of a missing field"),
        pytest.param("{{.app.status.count}} {{.app.status.share}}", "3 0.5", id="numbers"),
        pytest.param(
            "{{if eq .app.status.sync.status `Synced`}}ok{{else}}no{{end}}", "ok", id="a condition"
        ),
        pytest.param(
            "{{range $i, $c := .app.status.conditions}}{{if $i}}, {{end}}{{$c.message}}{{end}}",
            "one, two",
            id="a loop with its index",
        ),
        pytest.param(
            "{{- with .app.status.sync }} {{ .revision }} {{- end -}}", " 0a1b2c", id="trimmed with"
        ),
        pytest.param('{{ .app.metadata.name | upper | quote }}', '"SHOP"', id="sprig in a pipe"),
        pytest.param("{{ trunc 3 .app.status.sync.revision }}", "0a1", id="sprig with arguments"),
        pytest.param('{{ default "x" .app.metadata.absent }}', "x", id="a default"),
        pytest.param("{{ toJson .app.metadata.labels }}", '{"team":"web"}', id="JSON"),
        pytest.param("{{.app.metadata.labels}}", "map[team:web]", id="a map as Go prints it"),
        pytest.param('{{printf "%s:%d" .recipient .app.status.count}}', "#ops:3", id="printf"),
        pytest.param(
            '{{ (call .time.Parse .app.status.operationState.startedAt).Format "15:04" }}',
            "10:00",
            id="a moment in a layout",
        ),
        pytest.param(
            "{{ ((call .time.Parse .app.status.operationState.finishedAt).Sub"
            " (call .time.Parse .app.status.operationState.startedAt)).Seconds }}",
            "90",
            id="the time between moments",
        ),
        pytest.param(
            "{{call .repo.RepoURLToHTTPS .app.spec.source.repoURL}}",
            "https://git.example.org/acme/shop.git",
            id="an SSH address for a browser",
        ),
        pytest.param(
            "{{call .repo.FullNameByRepoURL .app.spec.source.repoURL}}", "acme/shop", id="full name"
        ),
        pytest.param('{{call .repo.QueryEscape "a b&c"}}', "a+b%26c", id="escaped for a query"),
        pytest.param(
            "{{ (call .repo.GetCommitMetadata .app.status.sync.revision).Author }}",
            "Ana",
            id="a commit's author",
        ),
        pytest.param(
            '{{ (call .repo.GetCommitMetadata "0a1b2c").Date.Format "2006-01-02" }}',
            "2026-02-03",
            id="a commit's date",
        ),
        pytest.param(
            '{{ (call .repo.GetAppDetails).Helm.GetParameterValueByName "image.tag" }}',
            "1.2",
            id="a Helm parameter",
        ),
        pytest.param('{{call .sync.GetInfoItem .app "ticket"}}', "OPS-7", id="an item of info"),
        pytest.param(
            '{{call .strings.ReplaceAll "a/b" "/" "-"}} {{call .strings.ToUpper "x"}}',
            "a-b X",
            id="strings",
        ),
        pytest.param('{{ "call me" }} call {{/* call */}}', "call me call ", id="the word call"),
        pytest.param(
            '{{define "x"}}<{{.}}>{{end}}{{template "x" .recipient}}', "<#ops>", id="a definition"
        ),
    ],
)  # fmt: skip
def test_a_template_says(source: str, expected: str) -> None:
    assert render(source) == {"texts": {"message": expected}}


@pytest.mark.parametrize(
    ("source", "part"),
    [
        pytest.param("{{ .app", "unclosed", id="an open action"),
        pytest.param('{{ env "PATH" }}', "'env' not defined", id="the environment"),
        pytest.param('{{ expandenv "$PATH" }}', "'expandenv' not defined", id="its expansion"),
        pytest.param('{{ getHostByName "x" }}', "'getHostByName' not defined", id="name lookups"),
        pytest.param('{{ .recipient.format "x" }}', "there is no `format`", id="a method of str"),
        pytest.param("{{ .nothing.name }}", "there is no `name` in nil", id="a field of nil"),
        pytest.param("{{ .app.items }}{{ .time.Now.x }}", "", id="an attribute of a function"),
        pytest.param("{{ .recipient.__class__ }}", "no `__class__` in", id="a hidden one"),
        pytest.param("{{ range until 1000000000 }}x{{end}}", "until of more", id="a long count"),
        pytest.param('{{ repeat 1000000000 "x" }}', "repeat of more", id="a long repetition"),
        pytest.param(
            "{{range until 10000}}{{range until 10000}}{{end}}{{end}}", "budget", id="nested loops"
        ),
        pytest.param(
            "{{range until 10000}}{{repeat 1000 `x`}}{{end}}", "budget", id="a long output"
        ),
        pytest.param('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', "", id="recursion"),
        pytest.param("{{ index .app.status.conditions 7 }}", "out of range", id="out of range"),
        pytest.param('{{call .time.Parse "yesterday"}}', "", id="no moment"),
        pytest.param("{{call .recipient}}", "call of what is not", id="a call of a string"),
    ],
)  # fmt: skip
def test_a_template_is_refused_with_a_reason(source: str, part: str) -> None:
    result = render(source)

    assert part in result["error"]
    assert result["of"] == "message"


def test_a_missing_fact_is_asked_for() -> None:
    source = '{{ (call .repo.GetCommitMetadata "feed").Author }}'

    assert render(source) == {"need": ["GetCommitMetadata", "feed"]}


def test_a_fact_that_cannot_be_had_is_an_error_of_the_template() -> None:
    result = render(
        '{{ (call .repo.GetCommitMetadata "feed").Author }}',
        {"GetCommitMetadata feed": {"error": "no such commit"}},
    )

    assert "no such commit" in result["error"]


def test_only_calls_are_renamed() -> None:
    source = '{{ call .a "call" }} call {{ .call }} {{ $call }} {{ recall }}'

    assert renamed(source) == '{{ Call .a "call" }} call {{ .call }} {{ $call }} {{ recall }}'
