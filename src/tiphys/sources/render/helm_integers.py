"""Whole numbers of `--set`, which would reach the templates as floats.

The library takes values as JSON, whose numbers are floats in Go: `--set id=12345678` would print as
1.2345678e+07. The command keeps them whole. So a template that runs before all others puts whole
numbers in their places. Helm runs the deepest file first, and all files share one tree of values.

Numbers of value files are floats with the command too.

Source: helm.sh/helm, package strvals (`typedVal`), package engine (`sortTemplates`).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FOLDER = "templates/" + "0/" * 40
FILE = f"{_FOLDER}whole-numbers.yaml"
"""The template's place in a chart; deeper than any other."""


class WholeNumber(int):
    """A number that the templates shall see as Go's int64."""


def marked(parsed: Any) -> Any:
    """Return what `--set` parsed to with its whole numbers marked as such."""
    if isinstance(parsed, dict):
        return {name: marked(value) for name, value in parsed.items()}
    if isinstance(parsed, list):
        return [marked(item) for item in parsed]
    is_whole = isinstance(parsed, int) and not isinstance(parsed, bool)
    return WholeNumber(parsed) if is_whole else parsed


def add_template(chart: Path, values: dict[str, Any]) -> None:
    """Add the template to the folder of a chart, if values hold marked numbers."""
    places = list(_places(values, ()))
    if not places:
        return
    settings = "".join(_setting(path, text) for path, text in places)
    # Subcharts have copies of the global values.
    shared = "".join(_setting(path, text) for path, text in places if path[0] == "global")
    path = chart / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'{{{{- define "tiphys.global" }}}}{shared}{{{{- range . }}}}{{{{- if kindIs "map" . }}}}'
        '{{- template "tiphys.global" . }}{{- end }}{{- end }}{{- end }}'
        f"{{{{- with .Values }}}}{settings}"
        f'{{{{- if {json.dumps(bool(shared))} }}}}{{{{- template "tiphys.global" . }}}}'
        "{{- end }}{{- end }}"
    )


def _places(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where something is to be put, and the expression for it."""
    for name, item in value.items():
        here = (*path, name)
        if isinstance(item, dict):
            yield from _places(item, here)
        elif _holds_one(item):
            yield here, _expression(item)


def _holds_one(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_one, value.values() if isinstance(value, dict) else value))
    return isinstance(value, WholeNumber)


def _setting(path: tuple[str, ...], expression: str) -> str:
    *parents, last = map(json.dumps, path)
    opened = "".join(f"{{{{- with index . {name} }}}}" for name in parents)
    is_there = f'{{{{- if kindIs "map" . }}}}{{{{- if hasKey . {last} }}}}'
    done = f"{{{{- $_ := set . {last} {expression} }}}}{{{{- end }}}}{{{{- end }}}}"
    return f"{opened}{is_there}{done}{'{{- end }}' * len(parents)}"


def _expression(value: Any) -> str:
    """Return a value as the language of templates writes it."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)} {_expression(item)}" for name, item in value.items())
        return f"(dict {' '.join(pairs)})"
    if isinstance(value, list):
        return f"(list {' '.join(map(_expression, value))})"
    if value is None:
        return '(index (dict) "")'
    if isinstance(value, WholeNumber):
        return f"(int64 {int(value)})"
    if isinstance(value, bool | str):
        return json.dumps(value)
    return f"(float64 {value!r})"
