"""The permissions of callers, read live: `argocd-rbac-cm` and the roles of projects.

A change that cannot be read is reported, and what was in force before stays so.
"""

import logging
from collections.abc import Callable

from tiphys.delivery.installation import Installation
from tiphys.engine.rbac.decision import AccessPolicy, RbacConfig
from tiphys.engine.rbac.parsing import Lines
from tiphys.engine.rbac.projects import project_lines
from tiphys.engine.rbac.rules import Rules
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.settings.rbac import parse_rbac

log = logging.getLogger(__name__)

RBAC_CM = "argocd-rbac-cm"
Report = Callable[[Manifest, str], None]
"""Told an object, and what is wrong with it."""


class Permissions:
    """Decides by what stands in the cluster now."""

    def __init__(self, installation: Installation, report: Report) -> None:
        self._installation, self._report = installation, report
        self._read_from: Manifest | None = None
        self._policy = AccessPolicy(RbacConfig(), self._project_rules)
        self._projects: dict[str, tuple[Manifest, Rules]] = {}

    def policy(self) -> AccessPolicy:
        """Return the permissions in force."""
        key = f"{self._installation.namespace}/{RBAC_CM}"
        stored = self._installation.collections.config_maps.get(key)
        if stored is not self._read_from:
            self._read_from = stored
            self._reload(stored or {})
        return self._policy

    def _reload(self, stored: Manifest) -> None:
        try:
            parsed = parse_rbac(self._installation.config_map(RBAC_CM))
        except InvalidInputError as err:
            log.warning("permissions cannot be read", extra={"problem": err.line})
            self._report(stored, f"{err.line}; the permissions before it stay in force")
            return
        for warning in parsed.warnings:
            log.warning("permission not understood", extra={"problem": warning})
            self._report(stored, warning)
        if parsed.config.mode is not self._policy.config.mode:
            self._projects.clear()
        self._policy = AccessPolicy(parsed.config, self._project_rules)

    def _project_rules(self, name: str) -> Rules | None:
        key = f"{self._installation.namespace}/{name}"
        manifest = self._installation.collections.projects.get(key)
        if manifest is None:
            self._projects.pop(name, None)
            return None
        held = self._projects.get(name)
        if held is None or held[0] is not manifest:
            held = (manifest, self._compiled(name, manifest))
            self._projects[name] = held
        return held[1]

    def _compiled(self, name: str, manifest: Manifest) -> Rules:
        project = self._installation.project(name)
        try:
            lines = project_lines(project) if project is not None else Lines()
        except InvalidInputError as err:
            log.warning("a project's roles cannot be read", extra={"problem": err.line})
            self._report(manifest, err.line)
            lines = Lines()
        return Rules(lines, self._policy.config.mode)
