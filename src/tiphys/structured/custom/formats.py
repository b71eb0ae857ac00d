"""Formats of strings that a schema may ask for.

Source: apiextensions-apiserver, apiserver/validation/formats.go; kube-openapi, validation/strfmt.
A format that is not named here is taken for no format, as the API server does.
"""

import base64
import binascii
import datetime
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from tiphys.structured.quantities import DurationError, parse_duration_ns

_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HEX = "[0-9a-fA-F]"
_PATTERNS = {
    "hostname": rf"{_LABEL}(?:\.{_LABEL})*\.?",
    "email": r"[^@\s<>]+@[^@\s<>]+",
    "uuid": rf"{_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}",
    "uuid3": rf"{_HEX}{{8}}-?{_HEX}{{4}}-?3{_HEX}{{3}}-?{_HEX}{{4}}-?{_HEX}{{12}}",
    "uuid4": rf"{_HEX}{{8}}-?{_HEX}{{4}}-?4{_HEX}{{3}}-?[89abAB]{_HEX}{{3}}-?{_HEX}{{12}}",
    "uuid5": rf"{_HEX}{{8}}-?{_HEX}{{4}}-?5{_HEX}{{3}}-?[89abAB]{_HEX}{{3}}-?{_HEX}{{12}}",
    "hexcolor": rf"#?(?:{_HEX}{{3}}|{_HEX}{{6}})",
    "mac": rf"{_HEX}{{2}}(?:[:-]{_HEX}{{2}}){{5}}(?:(?:[:-]{_HEX}{{2}}){{2}})?"
    rf"|{_HEX}{{4}}(?:\.{_HEX}{{4}}){{2,3}}",
    "ssn": r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}",
    "k8sshortname": r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
    "k8slongname": r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
}


def fits_format(text: str, name: str) -> bool:
    """Tell whether a string has a format; every string has an unknown one."""
    normalised = name.replace("-", "")
    if normalised in _PATTERNS:
        return re.fullmatch(_PATTERNS[normalised], text) is not None
    parse = _PARSERS.get(normalised)
    if parse is None:
        return True
    try:
        parse(text)
    except (ValueError, binascii.Error, DurationError):
        return False
    return True


def _date_time(text: str) -> None:
    if _DATE_TIME.fullmatch(text) is None:
        raise ValueError(text)
    datetime.date.fromisoformat(text[:10])


def _uri(text: str) -> None:
    parts = urlsplit(text)
    if not parts.scheme and not text.startswith("/"):
        raise ValueError(text)


def _cidr(text: str) -> None:
    if "/" not in text:
        raise ValueError(text)
    ipaddress.ip_interface(text)


_PARSERS: dict[str, Callable[[str], object]] = {
    "datetime": _date_time,
    "date": datetime.date.fromisoformat,
    "duration": parse_duration_ns,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "cidr": _cidr,
    "byte": lambda text: base64.b64decode(text, validate=True),
    "uri": _uri,
}
