"""The process that renders Go templates: a request a line in, an answer a line out.

A template knows the variables that it is given and functions that neither read the environment nor
resolve names. The package that renders keeps it away from Python's own attributes.

Source: Go, text/template; Sprig, "Sprig Function Documentation".
"""

import json
import re
import resource
import sys
import types
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

import gotpl
from gotime import Time
from gotpl.errors import TemplateError
from gotpl.funcs.sprig.registry import text_func_map
from gotpl.runtime.policy import ExecutionBudget, SandboxPolicy

from tiphys.languages.expr.values import method
from tiphys.languages.variables import FactNeededError, offered
from tiphys.model.errors import TiphysError

_MAX_BYTES: Final = 768 * 1024 * 1024
_MAX_OUTPUT: Final = 1024 * 1024
_MAX_COUNT: Final = 10_000
_KEPT_AWAY: Final = frozenset(
    {
        "env", "expandenv", "getHostByName",
        # They cost seconds of a processor and say nothing about an Application.
        "bcrypt", "htpasswd", "derivePassword", "genPrivateKey", "genCA", "genCAWithKey",
        "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
        "buildCustomCert", "encryptAES", "decryptAES",
    }
)  # fmt: skip
_COUNTING: Final = frozenset(
    {"until", "untilStep", "seq", "repeat", "indent", "nindent", "randAlphaNum", "randAlpha",
     "randAscii", "randNumeric", "randBytes", "wrap", "wrapWith", "chunk"}
)  # fmt: skip
_CALL: Final = "Call"
"""The name of `call` here: as long as it, so that the columns of errors stay true.

The package drops a function named `call` where it keeps templates away from Python.
"""
_WITHIN_ACTION: Final = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|`[^`]*`|'(?:\\.|[^'\\])*'|/\*.*?\*/|(?<![.$\w])call\b|\}\}", re.DOTALL
)


_NOT_ALLOWED: Final = re.compile(r"(?:attribute|property|method) '(\w+)' is not allowed")


class _Thing:
    """A value whose members are reached by name: a moment, or a record with functions."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __gotemplate_lookup__(self, field: str) -> Any:
        value = self._value
        found = value.get(field) if isinstance(value, dict) else method(value, field)
        if found is None:
            raise KeyError(field)
        if not callable(found):
            return wrapped(found)

        def call(_: "_Thing", *arguments: Any) -> Any:
            return wrapped(found(*map(unwrapped, arguments)))

        return types.MethodType(call, self)

    def __str__(self) -> str:
        return str(self._value)


def wrapped(value: Any) -> Any:
    """Return a value as a template may look at it."""
    if value is None or isinstance(value, (bool, int, float, str, list, _Thing)):
        return value
    return _Thing(value)


def unwrapped(value: Any) -> Any:
    """Return what `wrapped` was given."""
    return value._value if isinstance(value, _Thing) else value  # noqa: SLF001  # our own


def _function(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: wrapped(function(*map(unwrapped, arguments)))


def _call(function: Any, *arguments: Any) -> Any:
    if not callable(function):
        raise TypeError("call of what is not a function")
    return function(*arguments)


def _counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any) -> Any:
        if any(isinstance(item, int) and abs(item) > _MAX_COUNT for item in arguments):
            raise ValueError(f"{name} of more than {_MAX_COUNT}")
        result = function(*arguments)
        if isinstance(result, str) and len(result) > _MAX_OUTPUT:
            raise ValueError(f"{name} gives more than {_MAX_OUTPUT} characters")
        return result

    return guarded


def _functions() -> dict[str, Callable[..., Any]]:
    functions = {
        name: _counted(name, function) if name in _COUNTING else function
        for name, function in text_func_map().items()
        if name not in _KEPT_AWAY
    }
    return {**functions, _CALL: _call}


FUNCTIONS: Final = _functions()
_POLICY: Final = SandboxPolicy(
    allow_functions=FUNCTIONS,
    # Fields and methods of Sprig's versions, the one thing of its own that it gives.
    allow_attributes={"Major", "Minor", "Patch"},
    allow_methods={"Prerelease", "Metadata", "Original"},
    allow_custom_lookup=True,
    max_template_chars=_MAX_OUTPUT,
    default_budget=ExecutionBudget(
        max_output_chars=_MAX_OUTPUT,
        max_iterations=200_000,
        max_template_depth=100,
        max_function_calls=100_000,
    ),
)


def renamed(source: str) -> str:
    """Return a template with its calls of `call` under the name that it has here."""
    return "".join(_pieces(source))


def _pieces(source: str) -> Iterator[str]:
    position = 0
    while (start := source.find("{{", position)) >= 0:
        yield source[position:start]
        position = start
        for match in _WITHIN_ACTION.finditer(source, start):
            yield source[position : match.start()]
            yield _CALL if match.group() == "call" else match.group()
            position = match.end()
            if match.group() == "}}":
                break
        else:
            break
    yield source[position:]


@lru_cache(maxsize=512)
def compile_template(source: str) -> gotpl.Template:
    """Return a template that is ready to be rendered."""
    return gotpl.Template(renamed(source), functions=FUNCTIONS, sandbox=_POLICY)


def answer(request: Any) -> dict[str, Any]:
    """Return `{"texts": ...}`, `{"need": [name, argument]}` or `{"error": ..., "of": name}`."""
    functions = offered(request["facts"], Time.now)
    variables = {
        **request["variables"],
        **{
            group: {
                name: _function(one) if callable(one) else wrapped(one)
                for name, one in members.items()
            }
            for group, members in functions.items()
        },
    }
    texts: dict[str, str] = {}
    for name, source in request["templates"].items():
        try:
            texts[name] = compile_template(source).render(variables)
        except (TemplateError, TiphysError, ValueError, TypeError, MemoryError) as err:
            need = _need(err)
            if need is not None:
                return {"need": [need.name, need.argument]}
            return {"error": _worded(err), "of": name}
        except RecursionError:
            return {"error": "nested too deep", "of": name}
    return {"texts": texts}


def _worded(err: Exception) -> str:
    text = " ".join(str(err).split()) or type(err).__name__
    return _NOT_ALLOWED.sub(r"there is no `\1` in nil or in a plain value", text)


def _need(err: BaseException | None) -> FactNeededError | None:
    while err is not None and not isinstance(err, FactNeededError):
        err = err.__cause__ or err.__context__
    return err


def main() -> None:
    """Serve until the parent closes our input."""
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
