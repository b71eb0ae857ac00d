"""Names for hooks that only have a `generateName`.

The API server would choose a name that nobody knows again after a restart. Ours follows from what
the hook runs for, so an operation that is resumed finds the hooks that it created; hooks that would
get the same name are numbered in their order.

Source: Argo CD user guide, "Resource Hooks" (Generate Name); Kubernetes, "Object Names and IDs" and
the limits that controllers need for what they derive from a name (Job, CronJob, StatefulSet). Where
we differ on purpose: Argo CD gives hooks of equal prefixes one name, and cuts none.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from tiphys.model.keys import Manifest

_INVALID: Final = re.compile(r"[^a-z0-9.-]+")
# What a controller derives from a name has to fit as well: the pods' labels of a Job, the
# Jobs of a CronJob (11 more), the revisions of a StatefulSet (11 more).
_LIMIT: Final = 63
_LIMITS: Final = {"CronJob": 52, "StatefulSet": 52}


class GeneratedNames:
    """Gives names to the hooks of one run; no two of a kind and namespace get the same."""

    def __init__(self, hooks: Iterable[Manifest] = ()) -> None:
        """Prepare for a run.

        Args:
            hooks: all of it; names that are written out are never given to others.
        """
        self._taken = {_place(hook, _metadata(hook).get("name")) for hook in hooks}

    def named(self, hook: Manifest, purpose: str) -> Manifest:
        """Return a hook with a name; the hook itself when it has one, or no prefix to begin with.

        Args:
            hook: the hook; untouched.
            purpose: what it runs for, by which its name is found again.
        """
        metadata = _metadata(hook)
        if metadata.get("name") or not metadata.get("generateName"):
            return hook
        limit = _LIMITS.get(str(hook.get("kind")), _LIMIT)
        prefix, count = str(metadata["generateName"]), 1
        while True:
            end = _INVALID.sub("-", purpose.lower()) + (f"-{count}" if count > 1 else "")
            name = prefix[: limit - len(end)] + end
            if _place(hook, name) not in self._taken:
                break
            count += 1
        self._taken.add(_place(hook, name))
        kept = {key: value for key, value in metadata.items() if key != "generateName"}
        return {**hook, "metadata": {**kept, "name": name}}


def _metadata(hook: Manifest) -> Manifest:
    return hook.get("metadata") or {}


def _place(hook: Manifest, name: Any) -> tuple[str, str, str, str]:
    group = str(hook.get("apiVersion", "")).rpartition("/")[0]
    return group, str(hook.get("kind")), str(_metadata(hook).get("namespace") or ""), str(name)
