"""Certificates and secrets: cert-manager, external-secrets, sealed secrets, and their like.

Source: cert-manager, "API reference"; External Secrets Operator, "API specification"; Sealed
Secrets and 1Password operator, status of their resources.
"""

from typing import Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    UNKNOWN,
    Check,
    Row,
    Said,
    always,
    both,
    check,
    claim,
    condition,
    conditions_of,
    field,
    find_condition,
    get,
    in_order,
)
from tiphys.engine.health.shapes import has_stale_condition, ready, words
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest

_ACME: Final = {HEALTHY: ("valid",), DEGRADED: ("invalid", "expired", "errored")}
_ACME_CHECK: Final = words("status.state", _ACME, message="{status.reason|status.state}")

_certificate: Final = check(
    Row(condition("Issuing", "True"), PROGRESSING, "{condition:Issuing}"),
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
    Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for the certificate"),
)

_certificate_request: Final = check(
    Row(condition("Denied", "True"), DEGRADED, "{condition:Denied}"),
    Row(condition("InvalidRequest", "True"), DEGRADED, "{condition:InvalidRequest}"),
    Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
    Row(condition("Ready", reasons=("Pending",)), PROGRESSING, "{condition:Ready}"),
    Row(condition("Ready"), DEGRADED, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for the certificate request"),
)


@claim("`spec.refreshPolicy` is `OnChange` and the condition is older than `status.refreshTime`")
def _is_of_an_older_secret(live: Manifest) -> bool:
    ready_condition = find_condition(live, "Ready") or {}
    since = str(ready_condition.get("lastTransitionTime") or "")
    refreshed = str(get(live, "status.refreshTime") or "")
    # RFC 3339 in UTC sorts as text.
    return get(live, "spec.refreshPolicy") == "OnChange" and since < refreshed


_external_secret: Final = check(
    Row(
        both(condition("Ready"), _is_of_an_older_secret),
        PROGRESSING,
        "Waiting for the secret to be refreshed",
    ),
    *ready().parts,
)


def _cluster_external_secret(live: Manifest) -> HealthStatus:
    """The last condition decides: Ready is Healthy, PartiallyReady and NotReady are Degraded."""
    last = conditions_of(live)[-1:]
    meanings = {"Ready": HEALTHY, "PartiallyReady": DEGRADED, "NotReady": DEGRADED}
    for entry in last:
        if entry.get("status") == "True" and entry.get("type") in meanings:
            status = meanings[str(entry["type"])]
            return HealthStatus(status=status, message=str(entry.get("message") or ""))
    return HealthStatus(status=PROGRESSING, message="Waiting for the ExternalSecrets")


@claim("`status.status` begins with `ERROR`")
def _begins_with_error(live: Manifest) -> bool:
    return str(get(live, "status.status") or "").startswith("ERROR")


_iam_role: Final = check(
    Row(field("status.state", "Ready"), HEALTHY, "{status.roleARN}"),
    Row(
        field(
            "status.state",
            "Error",
            "RolesMaxLimitReached",
            "PolicyNotAllowed",
            "RoleNameNotAvailable",
        ),
        DEGRADED,
        "{status.errorDescription|status.state}",
    ),
    Row(always, PROGRESSING, "Waiting for the role"),
)

_keycloak_said: Final = (Said("Ready", "True", HEALTHY), Said("HasErrors", "True", DEGRADED))


def _keycloak(live: Manifest) -> HealthStatus:
    """The oldest condition that is True decides: Ready is Healthy, HasErrors is Degraded."""
    by_age = sorted(conditions_of(live), key=lambda e: str(e.get("lastTransitionTime") or "~"))
    found = in_order(*_keycloak_said)({"status": {"conditions": by_age}})
    return found or HealthStatus(status=PROGRESSING, message="Waiting for condition Ready")


KINDS: Final[dict[str, Check]] = {
    "acme.cert-manager.io/Challenge": _ACME_CHECK,
    "acme.cert-manager.io/Order": _ACME_CHECK,
    "bitnami.com/SealedSecret": ready("Synced"),
    "cert-manager.io/Certificate": _certificate,
    "cert-manager.io/CertificateRequest": _certificate_request,
    "cert-manager.io/ClusterIssuer": ready(),
    "cert-manager.io/Issuer": ready(),
    "certmanager.k8s.io/*": ready(),
    "external-secrets.io/ClusterExternalSecret": _cluster_external_secret,
    "external-secrets.io/ClusterSecretStore": ready(),
    "external-secrets.io/ExternalSecret": _external_secret,
    "external-secrets.io/PushSecret": ready(),
    "external-secrets.io/SecretStore": ready(),
    "iammanager.keikoproj.io/Iamrole": _iam_role,
    "k8s.keycloak.org/Keycloak": _keycloak,
    "kubernetes-client.io/ExternalSecret": check(
        Row(field("status.status", "SUCCESS"), HEALTHY),
        Row(_begins_with_error, DEGRADED, "{status.status}"),
        Row(always, PROGRESSING, "Waiting for the secret"),
    ),
    "networking.gke.io/ManagedCertificate": check(
        Row(
            claim("any `status.domainStatus` is `FailedNotVisible`")(
                lambda live: any(
                    entry.get("status") == "FailedNotVisible"
                    for entry in get(live, "status.domainStatus") or ()
                )
            ),
            DEGRADED,
            "a domain is not visible",
        ),
        Row(field("status.certificateStatus", "Active"), HEALTHY),
        Row(always, PROGRESSING, "{status.certificateStatus}"),
    ),
    "onepassword.com/OnePasswordItem": ready(),
    "addons.projectcapsule.dev/GlobalSopsSecret": ready(is_observed=True),
    "addons.projectcapsule.dev/SopsProvider": ready(is_observed=True),
    "addons.projectcapsule.dev/SopsSecret": ready(is_observed=True),
    "services.cloud.sap.com/*": check(
        Row(has_stale_condition, PROGRESSING, "Waiting for the latest change to be observed"),
        Row(condition("Succeeded", "False"), DEGRADED, "{condition:Succeeded}"),
        Row(condition("Failed", "True"), DEGRADED, "{condition:Failed}"),
        Row(field("status.conditions", None), PROGRESSING, "Waiting for status"),
        Row(always, HEALTHY),
    ),
    "proclaim.dogmatiq.io/DNSSDServiceInstance": check(
        Row(condition("Adopted", "False"), DEGRADED, "{condition:Adopted}"),
        Row(
            condition("Advertised", reasons=("AdvertiseError", "UnadvertiseError")),
            DEGRADED,
            "{condition:Advertised}",
        ),
        Row(
            condition("Discoverable", reasons=("DiscoveryError",)),
            UNKNOWN,
            "{condition:Discoverable}",
        ),
        Row(condition("Discoverable", "True"), HEALTHY, "{condition:Discoverable}"),
        Row(always, PROGRESSING, "{condition:Discoverable}"),
    ),
}
