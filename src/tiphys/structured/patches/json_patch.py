"""JSON patch: a list of operations on paths.

Source: RFC 6902 and RFC 6901; the API server's library (evanphx/json-patch v4) for negative
indexes, leniency towards missing values, and the texts of errors.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tiphys.structured.compare import equal
from tiphys.structured.patches.values import PatchError, copy

_MISSING = "missing value"
_BAD_INDEX = "invalid index referenced"
_Operation = dict[str, Any]


def apply_json_patch(document: Any, patch: Sequence[_Operation]) -> Any:
    """Return a document with a patch applied, all of it or nothing; inputs stay as they are.

    Raises:
        PatchError: an operation cannot be read, does not apply, or its test fails.
    """
    result = copy(document)
    for operation in patch:
        if not isinstance(operation, dict):
            raise PatchError("json: cannot unmarshal into Go value of type jsonpatch.Operation")
        kind = operation.get("op")
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            shown = kind if isinstance(kind, str) else "unknown"
            raise PatchError(f"Unexpected kind: {shown}")
        result = handler(result, operation)
    return result


def _pointer(operation: _Operation, field: str, verb: str) -> str:
    path = operation.get(field)
    if not isinstance(path, str):
        raise PatchError(f"{verb} operation failed to decode {field}: {_MISSING}")
    return path


def _parent(document: Any, path: str) -> tuple[Any, str] | None:
    """Return the container of a path's last step, and that step; None when there is none."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]
    if len(steps) < 2:
        return None
    container = document
    for step in steps[1:-1]:
        try:
            container = _get(container, step)
        except PatchError:
            return None
        if not isinstance(container, dict | list):
            return None
    return container, steps[-1]


def _index(container: list[Any], step: str, limit: int) -> int:
    try:
        index = int(step)
    except ValueError as err:
        raise PatchError(f'strconv.Atoi: parsing "{step}": invalid syntax') from err
    if not -limit <= index < limit:
        raise PatchError(f"Unable to access invalid index: {index}: {_BAD_INDEX}")
    return index + limit if index < 0 else index


def _get(container: Any, step: str) -> Any:
    if isinstance(container, list):
        return container[_index(container, step, len(container))]
    return container.get(step)


def _add_to(container: Any, step: str, value: Any) -> None:
    if isinstance(container, dict):
        container[step] = value
    elif step == "-":
        container.append(value)
    else:
        try:
            int(step)
        except ValueError as err:
            what = f"value was not a proper array index: '{step}': "
            raise PatchError(f'{what}strconv.Atoi: parsing "{step}": invalid syntax') from err
        container.insert(_index(container, step, len(container) + 1), value)


def _remove_from(container: Any, step: str) -> None:
    if isinstance(container, list):
        del container[_index(container, step, len(container))]
    elif step in container:
        del container[step]
    else:
        raise PatchError(f"Unable to remove nonexistent key: {step}: {_MISSING}")


def _add(document: Any, operation: _Operation) -> Any:
    path = _pointer(operation, "path", "add")
    found = _parent(document, path)
    if found is None:
        what = f'add operation does not apply: doc is missing path: "{path}": {_MISSING}'
        raise PatchError(what)
    _explained(f"error in add for path: '{path}'", _add_to, *found, copy(operation.get("value")))
    return document


def _remove(document: Any, operation: _Operation) -> Any:
    path = _pointer(operation, "path", "remove")
    found = _parent(document, path)
    if found is None:
        what = f'remove operation does not apply: doc is missing path: "{path}": {_MISSING}'
        raise PatchError(what)
    _explained(f"error in remove for path: '{path}'", _remove_from, *found)
    return document


def _replace(document: Any, operation: _Operation) -> Any:
    path, value = _pointer(operation, "path", "replace"), copy(operation.get("value"))
    if path == "":
        if not isinstance(value, dict | list):
            raise PatchError("replace operation value must be object or array")
        return value
    found = _parent(document, path)
    if found is None:
        what = f"replace operation does not apply: doc is missing path: {path}: {_MISSING}"
        raise PatchError(what)
    container, step = found
    if isinstance(container, dict):
        container[step] = value
        return document
    try:
        container[_index(container, step, len(container))] = value
    except PatchError as err:
        what = f"replace operation does not apply: doc is missing key: {path}: {_MISSING}"
        raise PatchError(what) from err
    return document


def _move(document: Any, operation: _Operation) -> Any:
    source = _pointer(operation, "from", "move")
    found = _parent(document, source)
    if found is None:
        what = f"move operation does not apply: doc is missing from path: {source}: {_MISSING}"
        raise PatchError(what)
    where = f"error in move for path: '{found[1]}'"
    value = _explained(where, _get, *found)
    _explained(where, _remove_from, *found)
    return _put(document, operation, value, "move")


def _copy(document: Any, operation: _Operation) -> Any:
    source = _pointer(operation, "from", "copy")
    found = _parent(document, source)
    if found is None:
        what = f"copy operation does not apply: doc is missing from path: {source}: {_MISSING}"
        raise PatchError(what)
    value = _explained(f"error in copy for from: '{found[1]}'", _get, *found)
    return _put(document, operation, copy(value), "copy")


def _put(document: Any, operation: _Operation, value: Any, verb: str) -> Any:
    path = _pointer(operation, "path", verb)
    found = _parent(document, path)
    if found is None:
        what = f"{verb} operation does not apply: doc is missing destination path: {path}"
        raise PatchError(f"{what}: {_MISSING}")
    where = "error while adding value during copy"
    if verb == "move":
        where = f"error in move for path: '{path}'"
    _explained(where, _add_to, *found, value)
    return document


def _test(document: Any, operation: _Operation) -> Any:
    path = _pointer(operation, "path", "test")
    actual = document
    if path != "":
        found = _parent(document, path)
        if found is None:
            what = f"test operation does not apply: is missing path: {path}: {_MISSING}"
            raise PatchError(what)
        actual = _explained(f"error in test for path: '{path}'", _get, *found)
    if not equal(actual, operation.get("value")):
        raise PatchError(f"testing value {path} failed: test failed")
    return document


def _explained(where: str, act: Callable[..., Any], *args: Any) -> Any:
    try:
        return act(*args)
    except PatchError as err:
        raise PatchError(f"{where}: {err.what}") from err


_HANDLERS: dict[str, Callable[[Any, _Operation], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
