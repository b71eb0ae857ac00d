"""The build environment, and its substitution in parameters.

Source: Argo CD user guide, "Build Environment"; the syntax is that of Go's `os.Expand`.
"""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(
    r"\$(?:\{(?P<braced>[^}]{0,128})\}|(?P<open>\{)|(?P<special>[*#$@!?\-0-9])|(?P<plain>[A-Za-z_]\w*))",
    re.ASCII,
)


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with `$NAME` and `${NAME}` replaced; `$$` is a dollar, unknown is empty."""

    def replace(found: re.Match[str]) -> str:
        name = _name(found)
        return "$" if name == "$" else environment.get(name, "")

    return _REFERENCE.sub(replace, text)


def mentions(text: str, name: str) -> bool:
    """Return whether a text refers to a variable whose name begins so."""
    return any(_name(found).startswith(name) for found in _REFERENCE.finditer(text))


def _name(found: re.Match[str]) -> str:
    return found["braced"] or found["special"] or found["plain"] or ""


def is_reference(path: str) -> bool:
    """Return whether a path begins with the name of another source, `$name/`, not a variable."""
    name, slash, _ = path.partition("/")
    return bool(slash) and name[:1] == "$" and not name[1:].startswith(("ARGOCD_", "{", "$"))
