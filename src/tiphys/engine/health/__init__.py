"""How resources and Applications do; rules are data, see `workloads` and `operators`."""

from tiphys.engine.health.aggregate import ResourceHealth, app_health, worst_health
from tiphys.engine.health.resource import Override, has_health_check, resource_health

__all__ = [
    "Override",
    "ResourceHealth",
    "app_health",
    "has_health_check",
    "resource_health",
    "worst_health",
]
