"""What an object would look like after a sync: live with every drift undone.

The drifts of a comparison are all that a sync changes of an object, so putting their wanted values
into live gives the outcome, without asking the API server again and with what others own in place.

Source: Argo CD's `predictedLiveState` of managed resources; FieldsV1 paths as in
`diff.paths.format_path`.
"""

import ast
import copy
import itertools
import json
import re
from collections.abc import Iterable
from typing import Any

from tiphys.engine.diff.settings import Drift
from tiphys.engine.fields import has_keys
from tiphys.model.keys import Manifest

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
      | \[=(?P<value>"(?:[^"\\]|\\.)*"|[^\]"]*)\]
      | \[(?P<index>\d+)\]
      | \[(?P<keys>[A-Za-z_][^\]="]*=(?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]""",
    re.VERBOSE,
)
_KEY = re.compile(r'([^=,]+)=("(?:[^"\\]|\\.)*"|[^,]*),?')

Step = str | int | dict[str, Any]
"""A name of a field, an index, or the keys (or `{"": value}` for a set) of a list's item."""


def predicted_live(live: Manifest, drifts: Iterable[Drift]) -> Manifest:
    """Return a copy of a live object with every drift undone."""
    predicted = copy.deepcopy(live)
    for drift in drifts:
        steps = parse_steps(drift.path)
        if steps:
            _put(predicted, steps, drift.target)
    return predicted


def parse_steps(path: str) -> list[Step]:
    """Return the steps of a path as messages show it; none for the whole object.

    A path that is not understood from some point on is cut there.
    """
    if path == ".":
        return []
    steps: list[Step] = []
    position = 0
    while (match := _STEP.match(path, position)) is not None:
        steps.append(_step(match))
        position = match.end()
    return steps if position == len(path) else []


def _step(match: "re.Match[str]") -> Step:
    found = match.groupdict()
    if found["name"] is not None:
        return found["name"]
    if found["quoted"] is not None:
        # Go's quoted texts are Python literals too: \\x1f, \\a, \\U0001f600.
        return str(ast.literal_eval(found["quoted"]))
    if found["index"] is not None:
        return int(found["index"])
    if found["value"] is not None:
        return {"": _scalar(found["value"])}
    return {name: _scalar(value) for name, value in _KEY.findall(found["keys"])}


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(holder: Any, steps: list[Step], value: Any) -> None:
    for step, following in itertools.pairwise(steps):
        holder = _entered(holder, step, following, creates=value is not None)
        if holder is None:
            return
    last = steps[-1]
    if isinstance(last, str):
        _put_field(holder, last, value)
    elif isinstance(holder, list):
        _put_item(holder, last, value)


def _entered(holder: Any, step: Step, following: Step, *, creates: bool) -> Any:
    empty: Any = {} if isinstance(following, str) else []
    if isinstance(step, str):
        if not isinstance(holder, dict):
            return None
        if holder.get(step) is None and creates:
            holder[step] = empty
        return holder.get(step)
    if not isinstance(holder, list):
        return None
    place = _place(holder, step)
    if place is not None:
        return holder[place]
    if not creates or isinstance(step, int):
        return None
    holder.append(dict(step))
    return holder[-1]


def _put_field(holder: Any, name: str, value: Any) -> None:
    if not isinstance(holder, dict):
        return
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = copy.deepcopy(value)


def _put_item(holder: list[Any], step: int | dict[str, Any], value: Any) -> None:
    place = _place(holder, step)
    if place is None:
        if value is not None:
            holder.append(copy.deepcopy(value))
    elif value is None:
        del holder[place]
    else:
        holder[place] = copy.deepcopy(value)


def _place(items: list[Any], step: int | dict[str, Any]) -> int | None:
    if isinstance(step, int):
        return step if step < len(items) else None
    if "" in step:
        return next((place for place, item in enumerate(items) if item == step[""]), None)
    return next((place for place, item in enumerate(items) if has_keys(item, step)), None)
