"""Label selectors: which objects are meant by their labels.

Source: Kubernetes concepts, "Labels and Selectors".
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from tiphys.model.errors import InvalidInputError

_REQUIREMENT = re.compile(
    r"""\s*(?:
        (?P<absent>!)\s*(?P<missing>[\w./-]+)
      | (?P<key>[\w./-]+)\s*(?:
            (?P<set>in|notin)\s*\((?P<values>[^()]*)\)
          | (?P<operator>==|=|!=)\s*(?P<value>[\w.-]*)
        )?
    )\s*(?:,|\Z)""",
    re.VERBOSE,
)


class Requirement(msgspec.Struct, frozen=True):
    """One condition on one label; `values` are those it may, or must not, have."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Return whether labels meet the requirement."""
        if self.operator == "exists":
            return self.key in labels
        if self.operator == "absent":
            return self.key not in labels
        is_one = labels.get(self.key) in self.values
        return is_one if self.operator == "in" else not is_one


def parse_selector(text: str) -> Callable[[Mapping[str, str]], bool]:
    """Return the test that a selector makes of labels; an empty one holds for all.

    Raises:
        InvalidInputError: it cannot be read.
    """
    requirements = []
    position = 0
    while position < len(text) and text.strip():
        match = _REQUIREMENT.match(text, position)
        if match is None or match.end() == position:
            raise InvalidInputError(
                f"the label selector cannot be read from `{text[position : position + 32]}` on",
                hint="Write it as `key=value,key!=value,key in (a,b),!key`.",
            )
        requirements.append(_requirement(match))
        position = match.end()
    return lambda labels: all(requirement.holds(labels) for requirement in requirements)


def _requirement(match: "re.Match[str]") -> Requirement:
    found = match.groupdict()
    if found["absent"]:
        return Requirement(found["missing"], "absent")
    if found["set"]:
        values = frozenset(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], found["set"], values)
    if found["operator"]:
        operator = "notin" if found["operator"] == "!=" else "in"
        return Requirement(found["key"], operator, frozenset({found["value"]}))
    return Requirement(found["key"], "exists")
