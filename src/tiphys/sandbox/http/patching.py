"""JSON, merge and strategic patches: read, carried out, and checked as a whole object would be.

Source: apiserver, pkg/endpoints/handlers/patch.go.
"""

import copy
from collections.abc import Callable
from typing import Any

import orjson

from tiphys.sandbox.http.bodies import (
    Pairs,
    compact,
    read_patch,
    repeated_fields,
    strict_problems,
    unknown_media,
)
from tiphys.sandbox.http.checks import check_named
from tiphys.sandbox.http.requests import APPLY_MEDIA, Request
from tiphys.sandbox.registry.writing import StrictError
from tiphys.sandbox.statuses import StatusError, bad_request
from tiphys.sandbox.typed.decoding import read_typed
from tiphys.sandbox.typed.kinds import Kinds
from tiphys.sandbox.typed.scalars import DecodeError
from tiphys.structured.patches.json_patch import apply_json_patch
from tiphys.structured.patches.merge_patch import apply_merge_patch
from tiphys.structured.patches.strategic import carry_out
from tiphys.structured.patches.values import PatchError

_JSON, _MERGE, _STRATEGIC = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_GO_KINDS = {
    dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "bool",
    type(None): "null",
}  # fmt: skip
_OPERATION = {"op", "path", "from", "value"}
_REJECTED = "the server rejected our request due to an error in our request"
_BAD_FORMATS = (
    "invalid patch format of primitive list",
    "invalid patch format of retainKeys",
    "invalid patch format of setElementOrder list",
)


class Patch:
    """One patch.

    Attributes:
        problems: what a strict reader says of the patch itself.
        warnings: what it says of objects that were changed, in the words of a warning.
    """

    def __init__(self, kinds: Kinds, request: Request) -> None:
        """Read it.

        Raises:
            StatusError: it is of an unknown media type, or malformed.
        """
        self._kinds, self._request = kinds, request
        if request.kind.is_custom and request.media not in {_JSON, _MERGE}:
            raise unknown_media(_JSON, _MERGE, APPLY_MEDIA)
        self._body = read_patch(request)
        self._is_strategic = request.media == _STRATEGIC
        self._validation = request.write.validation
        self.warnings: list[str] = []
        self.problems: tuple[str, ...] = ()
        if self._validation != "Ignore":
            self.problems = tuple(self._said_of_patch())
        self._patched: Any = None
        self._left: Any = None

    def changed(self, live: dict[str, Any]) -> dict[str, Any]:
        """Return an object with the patch carried out.

        Raises:
            StatusError: that cannot be done, or what comes out is no object of the kind.
        """
        kind = self._request.kind
        live = orjson.loads(orjson.dumps(live))
        patch: Any = self._body.value
        self._check_form(patch)
        if self._is_strategic:
            patch = self._left = copy.deepcopy(patch or {})
        type_ = self._kinds.type_of(kind)
        ways: dict[str, Callable[[], Any]] = {
            _JSON: lambda: apply_json_patch(live, patch),
            _MERGE: lambda: apply_merge_patch(live, patch),
            _STRATEGIC: lambda: carry_out(live, patch, type_),
        }
        try:
            changed: dict[str, Any] = ways[self._request.media]()
        except PatchError as err:
            raise self._inapplicable(err) from err
        self._patched = changed
        if self._request.subresource == "scale":
            return changed
        try:
            read = read_typed(kind, changed)
        except DecodeError as err:
            raise self.refused(str(err)) from err
        if not kind.is_custom and self._validation != "Ignore":
            unknown = () if read.is_known else strict_problems(changed, type_)
            said = [*self.problems, *unknown]
            if said and self._validation == "Strict":
                raise self.refused(StrictError(said).text)
            self.warnings = said
        check_named(self._request, read.manifest)
        return read.manifest

    def _check_form(self, patch: Any) -> None:
        is_json, sent = self._request.media == _JSON, _GO_KINDS[type(patch)]
        if isinstance(patch, list if is_json else dict):
            return
        if is_json:
            said = sent if isinstance(patch, dict) else "value"
            what = f"json: cannot unmarshal {said} into Go value of type []handlers.jsonPatchOp"
        elif patch is None and self._is_strategic:
            return
        elif patch is None:
            raise bad_request("Invalid JSON Patch")
        else:
            what = f"json: cannot unmarshal {sent} into Go value of type map[string]interface {{}}"
        raise bad_request(what if self._is_strategic else f"error decoding patch: {what}")

    def refused(self, why: str) -> StatusError:
        """What was sent does not make an object of the kind."""
        shown = _go_value(self._left) if self._is_strategic else compact(self._patched)
        text = f"Invalid value: {compact(shown)}: {why}"
        cause = {"reason": "FieldValueInvalid", "message": text, "field": "patch"}
        return StatusError(422, "Invalid", f' "" is invalid: patch: {text}', {"causes": [cause]})

    def _inapplicable(self, err: PatchError) -> StatusError:
        """Return what the server says of a patch that cannot be carried out: often very little."""
        if not self._is_strategic:
            return StatusError(422, "Invalid", _REJECTED, {})
        if err.what in _BAD_FORMATS:
            return bad_request(err.what)
        return StatusError(500, "", err.what)

    def _said_of_patch(self) -> list[str]:
        raw = self._body.raw
        if self._request.media != _JSON:
            return list(repeated_fields(raw))
        said = [f"json patch {text}" for text in repeated_fields(raw)]
        operations = self._body.value if raw is None else raw
        for place, operation in enumerate(operations if isinstance(operations, list) else ()):
            names = dict(operation) if isinstance(operation, dict | Pairs) else {}
            said += [
                f'json patch unknown field "[{place}].{name}"'
                for name in names
                if name not in _OPERATION
            ]
        return said


def _go_value(value: Any) -> str:
    """Return a value as Go prints it with %v."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{k}:{_go_value(value[k])}' for k in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_go_value, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
