"""jq expressions of `ignoreDifferences`: what `del(<expression>)` does to a manifest.

Anybody who may edit an Application may write one, and jq has no limits of its own. So expressions
run in a worker process, which is killed when it takes too long, has little memory and knows nothing
of our environment. Most expressions are plain paths, though, like `.spec.replicas` or
`.webhooks[]?.clientConfig.caBundle`; those are done here, in microseconds, without the worker.

Source: jq manual, "Path Expressions" and `del`; Argo CD user guide, "Diff Customization".
"""

import re
from typing import Any, Final, NamedTuple

import orjson

from tiphys.engine.ignoring import UndecidedError
from tiphys.languages.asking import JQ, Program, Question, answer_of
from tiphys.model.errors import TiphysError
from tiphys.model.keys import Manifest

_SHOWN: Final = 100

_STEP: Final = re.compile(
    r"""\s*(?:
        \.(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | \.?\[\s*"(?P<quoted>[^"\\]*)"\s*\]
      | \."(?P<dotted>[^"\\]*)"
      | \.?\[\s*(?P<index>[0-9]{1,18})\s*\]
      | \.?(?P<all>\[\s*\])
    )\??""",
    re.VERBOSE,
)


class JqError(TiphysError):
    """An expression does not compile, fails or yields no object."""

    reason = "JqFailed"


class JqLimitError(UndecidedError):
    """An expression exceeds a limit."""


class _Every(NamedTuple):
    """All members of a list or map."""


_Step = str | int | _Every


class Deletion:
    """One compiled expression."""

    def __init__(self, expression: str, steps: tuple[_Step, ...] | None) -> None:
        self._steps, self._program = steps, Program(JQ, expression)

    @property
    def needs_worker(self) -> bool:
        """True when it runs in a worker, so that it can only be called within a `Look`."""
        return self._steps is None

    def __call__(self, manifest: Manifest) -> Manifest:
        """Return a manifest without what the expression names; the input is untouched.

        Raises:
            JqError: the expression fails on this manifest or yields no object.
        JqLimitError: it takes too long.
            UnansweredError: a worker has to run it first.
        """
        result: Manifest = (
            _asked(self._program, manifest)
            if self._steps is None
            else delete_path(manifest, self._steps)
        )
        return result


def compile_deletion(expression: str) -> Deletion:
    """Return what deletes an expression's paths from a manifest.

    Raises:
        JqError: the expression is not jq.
        UnansweredError: a worker has to compile it first.
    """
    deletion = unchecked_deletion(expression)
    if deletion.needs_worker:
        _asked(Program(JQ, expression), None)
    return deletion


def unchecked_deletion(expression: str) -> Deletion:
    """Return what deletes an expression's paths; one that is not jq fails when it is called."""
    return Deletion(expression, parse_path(expression))


def _asked(program: Program, value: Manifest | None) -> Any:
    answer = answer_of(Question.of(program, value))
    if answer.error:
        shown = program.text if len(program.text) <= _SHOWN else f"{program.text[:_SHOWN]}..."
        where = f"jq expression `{shown}`"
        if answer.is_overrun:
            hint = "Name the fields by their paths instead of searching for them."
            raise JqLimitError(answer.error, where=where, hint=hint)
        raise JqError(answer.error, where=where)
    return orjson.loads(answer.output)


def parse_path(expression: str) -> tuple[_Step, ...] | None:
    """Return the steps of an expression that is a plain path, None for any other."""
    steps: list[_Step] = []
    text = expression.strip()
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (not steps and text[0] != "."):
            return None
        found = match.groupdict()
        name = found["name"] or found["quoted"] or found["dotted"]
        if name is not None:
            steps.append(name)
        else:
            steps.append(_Every() if found["all"] else int(found["index"]))
        position = match.end()
    return tuple(steps) or None


def delete_path(value: Any, steps: tuple[_Step, ...]) -> Any:
    """Return a value without what a path leads to; a path that leads nowhere changes nothing."""
    step, rest = steps[0], steps[1:]
    if isinstance(step, _Every):
        return _delete_from_every(value, rest)
    is_there = (isinstance(value, dict) and step in value) or (
        isinstance(value, list) and isinstance(step, int) and step < len(value)
    )
    if not is_there:
        return value
    if isinstance(value, dict):
        if rest:
            return {**value, step: delete_path(value[step], rest)}
        return {name: item for name, item in value.items() if name != step}
    index = int(step)
    kept = [delete_path(value[index], rest)] if rest else []
    return [*value[:index], *kept, *value[index + 1 :]]


def _delete_from_every(value: Any, rest: tuple[_Step, ...]) -> Any:
    if isinstance(value, dict):
        return {name: delete_path(item, rest) for name, item in value.items()} if rest else {}
    if isinstance(value, list):
        return [delete_path(item, rest) for item in value] if rest else []
    return value
