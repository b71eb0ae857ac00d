"""The AppProject custom resource: what Applications of a project may use."""

from typing import Any

from tiphys.model.application import ObjectMeta
from tiphys.model.source import Record


class ProjectDestination(Record, frozen=True):
    """Globs on a cluster and a namespace; a leading `!` denies."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class GroupKindRule(Record, frozen=True):
    """Globs on a kind; `name` is only looked at in the cluster resource lists."""

    group: str = ""
    kind: str = ""
    name: str = ""


class SyncWindow(Record, frozen=True):
    """When syncs are allowed or denied; `schedule` is cron, `duration` a Go duration."""

    kind: str = "allow"
    schedule: str = ""
    duration: str = ""
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: bool = False
    time_zone: str = ""
    and_operator: bool = False
    description: str = ""
    sync_overrun: bool = False


class OrphanedResourceRule(Record, frozen=True):
    """Objects that are not counted as orphans; empty fields match any."""

    group: str = ""
    kind: str = ""
    name: str = ""


class OrphanedResources(Record, frozen=True):
    """Presence turns the search for orphans on."""

    warn: bool = True
    ignore: tuple[OrphanedResourceRule, ...] = ()


class DestinationServiceAccount(Record, frozen=True):
    """Who syncs to a destination; the first match wins."""

    server: str = ""
    namespace: str = ""
    default_service_account: str = ""


class JwtToken(Record, frozen=True):
    """What is kept of a role's token; times in Unix seconds, `exp` is 0 when it does not expire."""

    iat: int = 0
    exp: int = 0
    id: str = ""


class JwtTokens(Record, frozen=True):
    """The tokens of one role, in the status."""

    items: tuple[JwtToken, ...] = ()


class ProjectRole(Record, frozen=True):
    """A role of a project; its tokens stand here and in the status."""

    name: str = ""
    description: str = ""
    policies: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    jwt_tokens: tuple[JwtToken, ...] = ()


class AppProjectSpec(Record, frozen=True):
    """What Applications of a project may use."""

    source_repos: tuple[str, ...] = ()
    destinations: tuple[ProjectDestination, ...] = ()
    description: str = ""
    roles: tuple[ProjectRole, ...] = ()
    cluster_resource_whitelist: tuple[GroupKindRule, ...] = ()
    cluster_resource_blacklist: tuple[GroupKindRule, ...] = ()
    namespace_resource_whitelist: tuple[GroupKindRule, ...] | None = None
    namespace_resource_blacklist: tuple[GroupKindRule, ...] = ()
    orphaned_resources: OrphanedResources | None = None
    sync_windows: tuple[SyncWindow, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    permit_only_project_scoped_clusters: bool = False
    destination_service_accounts: tuple[DestinationServiceAccount, ...] = ()
    signature_keys: tuple[dict[str, Any], ...] = ()
    source_integrity: dict[str, Any] | None = None


class AppProjectStatus(Record, frozen=True):
    """The tokens of each role."""

    jwt_tokens_by_role: dict[str, JwtTokens] = {}


class AppProject(Record, frozen=True):
    """An AppProject as it stands in the cluster."""

    metadata: ObjectMeta = ObjectMeta()
    spec: AppProjectSpec = AppProjectSpec()
    status: AppProjectStatus = AppProjectStatus()

    def role(self, name: str) -> ProjectRole | None:
        """Return a role, None when there is no such one."""
        return next((role for role in self.spec.roles if role.name == name), None)

    def tokens(self, role: ProjectRole) -> tuple[JwtToken, ...]:
        """Return the tokens of a role, wherever they stand, each once."""
        in_status = self.status.jwt_tokens_by_role.get(role.name, JwtTokens()).items
        return tuple(dict.fromkeys((*role.jwt_tokens, *in_status)))

    def has_token(self, role_name: str, token_id: str, issued_at: int) -> bool:
        """Return whether a role exists and has a token, known by its id or its time."""
        role = self.role(role_name)
        return role is not None and any(
            (token.id and token.id == token_id) or (not token.id and token.iat == issued_at)
            for token in self.tokens(role)
        )
