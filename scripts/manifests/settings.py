"""The ConfigMaps and Secrets of an installation, empty, so that there is something to edit.

Applying them over filled ones changes nothing: `kubectl apply` leaves fields alone that it never
wrote. argocd-ssh-known-hosts-cm is not among them for that reason: Argo CD's manifests do write its
data, and applying an empty one over it would take that away. tiphys creates it where it is missing.
"""

from scripts.manifests.naming import Install, Manifest, described

_CONFIG_MAPS = (
    "argocd-cm",
    "argocd-cmd-params-cm",
    "argocd-gpg-keys-cm",
    "argocd-rbac-cm",
    "argocd-tls-certs-cm",
)


def settings(install: Install) -> list[Manifest]:
    """Return the ConfigMaps and Secrets."""
    names = list(_CONFIG_MAPS)
    secrets = ["argocd-secret"]
    if install.has_server:
        names.append("argocd-notifications-cm")
        secrets.append("argocd-notifications-secret")
    return [
        *(described("v1", "ConfigMap", name) for name in sorted(names)),
        *(described("v1", "Secret", name, type="Opaque") for name in secrets),
    ]
