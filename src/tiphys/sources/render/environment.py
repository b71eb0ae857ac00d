"""The build environment, and its substitution in parameters.

Source: Argo CD user guide, "Build Environment".
"""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$|\$\{(\w+)\}|\$(\w+)")


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with `$NAME` and `${NAME}` replaced; `$$` is a dollar, unknown is empty."""

    def replace(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return "$" if name is None else environment.get(name, "")

    return _REFERENCE.sub(replace, text)


def mentions(text: str, name: str) -> bool:
    """Return whether a text refers to a variable whose name begins so."""
    return any((f[0] or f[1]).startswith(name) for f in _REFERENCE.findall(text))
