"""Actions of resources: our own, and those that users write in Lua.

What `argocd-cm` says of a kind takes the place of our own actions, unless it asks for both
(`mergeBuiltinActions`); then a user's action goes before one of ours with the same name.

Source: Argo CD operator manual, "Resource Actions".
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from tiphys.engine.actions import (
    ActionError,
    Impact,
    ResourceAction,
    available_actions,
    discovered,
    run_action,
    scripted_impacts,
)
from tiphys.languages.asking import LUA_ACTION, Answering, Program, Question
from tiphys.model.keys import GroupKind, Manifest, gvk_of
from tiphys.settings.customizations import ActionScripts, Customizations

_NONE = ActionScripts(GroupKind("", ""), merges_built_in=True)


class ResourceActions:
    """All actions of an installation."""

    def __init__(
        self, customizations: Callable[[], Customizations], interpreters: Answering
    ) -> None:
        """Prepare.

        Args:
            customizations: those in force.
            interpreters: run the users' scripts.
        """
        self._customizations = customizations
        self._interpreters = interpreters

    async def available(self, live: Manifest) -> tuple[ResourceAction, ...]:
        """Return the actions that a live object has now, sorted by name.

        Raises:
            ActionError: a discovery script fails, or returns something else.
        """
        scripts = self._scripts(live)
        built_in = available_actions(live) if scripts.merges_built_in else ()
        if not scripts.discovery:
            return built_in
        result = await self._run(scripts.discovery, {"obj": live, "actionParams": {}}, "discovery")
        by_name = {action.name: action for action in (*built_in, *discovered(result))}
        return tuple(by_name[name] for name in sorted(by_name))

    async def run(
        self, name: str, live: Manifest, parameters: Mapping[str, str], now: datetime
    ) -> tuple[Impact, ...]:
        """Return what an action wants written.

        Args:
            name: of the action; one that is disabled now can be run, as in Argo CD.
            live: as the cluster returned it.
            parameters: what the caller gave, by name.
            now: aware, in UTC.

        Raises:
            ActionError: there is no such action, its script fails, or a parameter is wrong.
        """
        scripts = self._scripts(live)
        script = scripts.definitions.get(name)
        if script is None:
            if not scripts.merges_built_in:
                kind = gvk_of(live).group_kind
                raise ActionError(f"`{kind}` has no action `{name[:80]}` in argocd-cm")
            return run_action(name, live, parameters, now)
        variables = {"obj": live, "actionParams": dict(parameters)}
        result = await self._run(script, variables, name, at=now.isoformat())
        return scripted_impacts(live, result)

    def _scripts(self, live: Manifest) -> ActionScripts:
        return self._customizations().actions_of(gvk_of(live).group_kind) or _NONE

    async def _run(self, script: str, variables: Any, name: str, *, at: str = "") -> Any:
        # The time is part of the question: scripts read the clock, and answers are kept.
        question = Question.of(Program(LUA_ACTION, script), {"globals": variables, "at": at})
        answer = await self._interpreters.ask(question)
        if answer.error:
            raise ActionError(f"Lua script of `{name}`: {answer.error}")
        return orjson.loads(answer.output)
