"""One installation: its settings, projects and credentials, as its namespace holds them now."""

import base64
import binascii
from collections.abc import Mapping

import msgspec

from tiphys.delivery.applications import decode_project
from tiphys.engine.permissions import permits_source, with_permitting_denials
from tiphys.engine.tracking import TrackingPolicy, parse_tracking_method
from tiphys.kube.informer import Informer
from tiphys.languages.asking import Answering, Look
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.model.project import AppProject
from tiphys.settings.secrets import (
    decode_secret,
    find_named_repository,
    find_repository,
    parse_clusters,
)
from tiphys.settings.settings import Settings, parse_settings
from tiphys.sources.access import RepositoryAccess, access_from_secret
from tiphys.sources.addresses import host_of, is_prefix, normalise_url


class Collections(msgspec.Struct, frozen=True, kw_only=True):
    """Live copies of what an installation consists of."""

    applications: Informer
    projects: Informer
    secrets: Informer
    config_maps: Informer


class Installation:
    """What all Applications of an installation share."""

    def __init__(
        self,
        namespace: str,
        collections: Collections,
        environment: Mapping[str, str],
        interpreters: Answering,
    ) -> None:
        self.namespace = namespace
        self.collections = collections
        self.interpreters = interpreters
        self._environment = environment
        self._settings: Settings | None = None

    def look(self) -> Look:
        """Return a new look, with a budget of its own for what users wrote."""
        return Look(self.interpreters)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        if self._settings is None:
            self._settings = parse_settings(
                self._data("argocd-cm"),
                self._data("argocd-cmd-params-cm"),
                environment=self._environment,
            )
        return self._settings

    def expire_settings(self) -> None:
        """Read the settings anew at the next occasion."""
        self._settings = None

    @property
    def tracking(self) -> TrackingPolicy:
        """How this installation marks resources."""
        return TrackingPolicy(
            method=parse_tracking_method(self.settings.tracking_method),
            label_key=self.settings.instance_label_key,
            installation_id=self.settings.installation_id,
        )

    def project(self, name: str) -> AppProject | None:
        """Return a project, None when there is no such one or it cannot be understood."""
        manifest = self.collections.projects.get(f"{self.namespace}/{name}")
        if manifest is None:
            return None
        try:
            found = decode_project(manifest)
        except InvalidInputError:
            return None
        return with_permitting_denials(found) if self.settings.denials_permit else found

    def clusters(self) -> tuple[ClusterRecord, ...]:
        """Return the destination clusters."""
        return parse_clusters(
            self.collections.secrets.objects(),
            in_cluster_enabled=self.settings.in_cluster_enabled,
        )

    def access(self, url: str, project: str) -> RepositoryAccess:
        """Return who we are at a repository, as a project's Applications see it."""
        return access_from_secret(
            url,
            self._repository_secret(url, project),
            authority=self._data("argocd-tls-certs-cm").get(host_of(url), ""),
            known_hosts=self._data("argocd-ssh-known-hosts-cm").get("ssh_known_hosts", ""),
        )

    def permits_source(self, url: str, project: AppProject) -> bool:
        """Return whether a project's Applications may use what is at an address.

        A repository that belongs to the project is permitted without being listed.
        """
        if permits_source(project.spec, url, normalise_url):
            return True
        name = project.metadata.name
        return self._repository_secret(url, name).get("project") == name

    def helm_repository(self, alias: str, project: str) -> str:
        """Return the address of the Helm repository that a project knows by a name, or ""."""
        return find_named_repository(self.collections.secrets.objects(), alias, project)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables of the process."""
        return self._environment

    def config_map(self, name: str) -> Mapping[str, str]:
        """Return the data of a ConfigMap of ours, empty when there is none."""
        return self._data(name)

    def secret(self, name: str) -> Mapping[str, str]:
        """Return the decoded data of a Secret of ours, empty when there is none."""
        secret = self.collections.secrets.get(f"{self.namespace}/{name}")
        return decode_secret(secret) if secret else {}

    def secret_bytes(self, name: str, key: str) -> bytes:
        """Return one value of a Secret of ours as it is, b"" when there is none."""
        secret = self.collections.secrets.get(f"{self.namespace}/{name}") or {}
        try:
            return base64.b64decode((secret.get("data") or {}).get(key) or "", validate=True)
        except (binascii.Error, ValueError, TypeError):
            return b""

    def _repository_secret(self, url: str, project: str) -> dict[str, str]:
        secrets = self.collections.secrets.objects()
        return find_repository(secrets, normalise_url(url), project, normalise_url, is_prefix)

    def _data(self, name: str) -> Mapping[str, str]:
        manifest: Manifest = self.collections.config_maps.get(f"{self.namespace}/{name}") or {}
        data: Mapping[str, str] = manifest.get("data") or {}
        return data
