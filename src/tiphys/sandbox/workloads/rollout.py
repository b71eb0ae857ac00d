"""How many pods each ReplicaSet of a Deployment is to have next.

Source: Kubernetes documentation, "Deployments", "Rolling Update Deployment", "Recreate".
"""

from collections.abc import Mapping
from typing import NamedTuple

Counts = tuple[int, int, int]
"""Pods of a ReplicaSet: wanted, there, available."""


class Rollout(NamedTuple):
    """The next step.

    Attributes:
        replicas: what the Deployment wants in the end.
        surge: how many more there may be on the way.
        new: what the ReplicaSet of the current template is to have.
        old: what the others are to have, by name.
    """

    replicas: int
    surge: int
    new: int
    old: dict[str, int]

    @classmethod
    def plan(
        cls,
        replicas: int,
        slack: tuple[int, int],
        current: Counts,
        old: Mapping[str, Counts],
        *,
        is_recreate: bool = False,
    ) -> "Rollout":
        """Return the next step.

        Args:
            replicas: what the Deployment wants.
            slack: how many pods more, and how many available ones less, there may be on the way.
            current: pods of the current template; zeros when it has no ReplicaSet yet.
            old: pods of the other ReplicaSets, by name, oldest first.
            is_recreate: all old pods go before the first new one comes.
        """
        surge, unavailable = slack
        if is_recreate:
            is_empty = not any(there for _, there, _ in old.values())
            return cls(replicas, 0, replicas if is_empty else current[0], dict.fromkeys(old, 0))
        wanted_old = sum(wanted for wanted, _, _ in old.values())
        room = replicas + surge - current[0] - wanted_old
        new = replicas if current[0] > replicas else min(replicas, current[0] + max(room, 0))
        spare = current[0] + wanted_old - (replicas - unavailable) - (current[0] - current[2])
        return cls(
            replicas, surge, new, _shrunk(old, max(spare, 0), replicas - unavailable, current)
        )


def _shrunk(old: Mapping[str, Counts], spare: int, least: int, current: Counts) -> dict[str, int]:
    """Take away what is not available first, then what the current pods make up for."""
    left = {name: wanted for name, (wanted, _, _) in old.items()}
    for name, (wanted, _, available) in old.items():
        gone = min(max(wanted - available, 0), spare)
        left[name] -= gone
        spare -= gone
    extra = current[2] + sum(available for _, _, available in old.values()) - least
    for name in old:
        gone = max(min(left[name], spare, extra), 0)
        left[name] -= gone
        spare, extra = spare - gone, extra - gone
    return left
