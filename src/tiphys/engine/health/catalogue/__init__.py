"""Which custom resource is checked how: `group/Kind`, where `*` globs a group or a kind.

The modules hold the kinds by what they are for. An exact name goes before a pattern, an earlier
pattern before a later one. Statuses agree with what Argo CD says of the same object; where we
differ on purpose, the module says so.

Source: the documentation of the projects, named in each module.
"""

from typing import Final

from tiphys.engine.health.catalogue import (
    argo,
    crossplane,
    data,
    delivery,
    gateways,
    platform,
    secrets,
    workloads,
)
from tiphys.engine.health.rules import Check

AREAS: Final[dict[str, dict[str, Check]]] = {
    "Argo projects": argo.KINDS,
    "Certificates and secrets": secrets.KINDS,
    "Gateways and routes": gateways.KINDS,
    "Workloads": workloads.KINDS,
    "Data stores and brokers": data.KINDS,
    "Delivery and policy": delivery.KINDS,
    "Clouds": crossplane.KINDS,
    "Platform": platform.KINDS,
}
"""The kinds, under the headings of the reference page."""

CATALOGUE: Final[dict[str, Check]] = {
    kind: check for kinds in AREAS.values() for kind, check in kinds.items()
}
