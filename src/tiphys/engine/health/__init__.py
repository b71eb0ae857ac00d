"""How resources and Applications do; rules are data, see `workloads` and `catalogue`."""

from tiphys.engine.health.aggregate import ResourceHealth, app_health, worst_health
from tiphys.engine.health.resource import Override, resource_health

__all__ = [
    "Override",
    "ResourceHealth",
    "app_health",
    "resource_health",
    "worst_health",
]
