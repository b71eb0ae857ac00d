"""Values below the structs: texts, numbers, times, quantities, as Go's decoder takes them."""

import base64
import math
import re
from collections.abc import Callable
from typing import Any

from tiphys.structured.quantities import QuantityError, canonical_quantity, parse_quantity

Change = Callable[[Any], Any]

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_LIMITS = {"int32": 2**31, "int64": 2**63}
_JSON_NAMES = {
    str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array",
}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")


class DecodeError(ValueError):
    """A value does not fit its field; the text is the server's.

    Attributes:
        path: fields from the object down to the value.
        struct: the struct of the last field, without its package.
    """

    def __init__(self, got: str, go: str, text: str = "") -> None:
        super().__init__(text)
        self.got, self.go, self.text = got, go, text
        self.path: list[str] = []
        self.struct = ""

    def __str__(self) -> str:
        if self.text:
            return self.text
        if not self.path:
            return f"json: cannot unmarshal {self.got} into Go value of type {_go_name(self.go)}"
        where = f"struct field {self.struct}.{'.'.join(self.path)} of type {_go_name(self.go)}"
        return f"json: cannot unmarshal {self.got} into Go {where}"


def element_of(go: str) -> str:
    """Return the type below pointers, lists and maps."""
    return re.sub(r"^(\*|\[\]|map\[string\])+", "", go)


def json_name(value: Any) -> str:
    """Return what Go's errors call a JSON value: "number", "object", ..."""
    return _JSON_NAMES.get(value.__class__, "value")


def _go_name(go: str) -> str:
    prefix = go[: len(go) - len(element_of(go))].lstrip("*")
    parts = element_of(go).split(".")
    if len(parts) == 1:
        return prefix + ("[]uint8" if parts[0] == "bytes" else parts[0])
    return f"{prefix}{parts[-2]}.{parts[-1]}"


def _text(value: Any) -> Any:
    if value.__class__ is not str:
        raise DecodeError(json_name(value), "string")
    return value


def _flag(value: Any) -> Any:
    if value.__class__ is not bool:
        raise DecodeError(json_name(value), "bool")
    return value


def _whole(go: str) -> Change:
    def decode(value: Any) -> Any:
        if value.__class__ is float or (value.__class__ is int and abs(value) >= _LIMITS[go]):
            raise DecodeError(f"number {value}", go)
        if value.__class__ is not int:
            raise DecodeError(json_name(value), go)
        return value

    return decode


def _number(value: Any) -> Any:
    if value.__class__ not in {int, float}:
        raise DecodeError(json_name(value), "float64")
    return value


def _bytes(value: Any) -> Any:
    if value.__class__ is not str:
        raise DecodeError(json_name(value), "bytes")
    text: str = value
    plain = text.replace("\n", "").replace("\r", "")
    body = plain.rstrip("=")
    padding = len(plain) - len(body)
    wrong = _BASE64.match(body)
    if wrong is not None and wrong.end() < len(body):
        at = text.index(body[wrong.end()])
    elif len(plain) % 4 or padding > 2:
        at = len(body) // 4 * 4 if not padding else len(body) + min(padding, 2)
    else:
        return base64.b64encode(base64.b64decode(plain)).decode()
    raise DecodeError("", "bytes", f"illegal base64 data at input byte {at}")


def _quantity(value: Any) -> Any:
    if value.__class__ not in {str, int, float}:
        raise DecodeError(json_name(value), QUANTITY)
    try:
        return canonical_quantity(value)
    except QuantityError as err:
        raise DecodeError("", "", err.what) from err


def amount(value: Any) -> Any:
    """Return a quantity of a list of resources: those know nothing below a thousandth.

    Raises:
        DecodeError: it is none.
    """
    text = _quantity(value)
    if text[-1:] not in {"n", "u"}:
        return text
    return canonical_quantity(f"{math.ceil(parse_quantity(text).value * 1000)}m")


def _int_or_string(value: Any) -> Any:
    if value.__class__ not in {str, int}:
        raise DecodeError(json_name(value), "int32")
    return value


def _time(value: Any) -> Any:
    if not _TIME.fullmatch(_text(value)):
        layout = "2006-01-02T15:04:05Z07:00"
        text = f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
        raise DecodeError("", "", text)
    return value


SCALARS: dict[str, Change] = {
    "string": _text,
    "bool": _flag,
    "int32": _whole("int32"),
    "int64": _whole("int64"),
    "float64": _number,
    "bytes": _bytes,
    QUANTITY: _quantity,
    _INT_OR_STRING: _int_or_string,
    f"{META}Time": _time,
    f"{META}MicroTime": _time,
}
"""What decodes a value, by its Go type."""
