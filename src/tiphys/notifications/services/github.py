"""GitHub: commit statuses, deployments, check runs and comments on pull requests, as an app.

Source: GitHub REST API, "Commit statuses", "Deployments", "Check runs", "Issue comments", "Apps";
Argo CD operator manual, "Notifications, GitHub".
"""

import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tiphys.languages.variables import full_name
from tiphys.model.source import Record
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import Http, Request
from tiphys.notifications.message import Message, without_empty

_MAX_STATUS: Final = 140
_MAX_COMMENT: Final = 65536
_TOKEN_FOR_S: Final = 600
_MARK: Final = "<!-- argocd-notifications {} -->"


class GitHubOptions(Record, frozen=True):
    """Options of `service.github`: an installed app, and the server when it is not github.com."""

    app_id: int | str = msgspec.field(name="appID")
    installation_id: int | str = msgspec.field(name="installationID")
    private_key: str
    enterprise_base_url: str = msgspec.field(default="", name="enterpriseBaseURL")


class GitHub:
    """Tells a repository what became of its commit."""

    def __init__(self, options: GitHubOptions, http: Http) -> None:
        self._options, self._http = options, http
        self._base = (options.enterprise_base_url or "https://api.github.com").rstrip("/")
        self._token, self._token_until = "", 0.0

    async def send(self, message: Message, recipient: str) -> None:
        """Do all that the template has a block for; the recipient says nothing."""
        del recipient
        repository = full_name(message.get("repoURLPath"))
        revision = message.get("revisionPath")
        if repository.count("/") != 1 or not revision.isalnum():
            raise DeliveryError("a repository and a revision are needed", where=repository[:64])
        repo = f"/repos/{repository}"
        if status := _block(message, "status"):
            await self._status(repo, revision, status, message)
        if deployment := _block(message, "deployment"):
            await self._deployment(repo, revision, deployment)
        if check := _block(message, "checkRun"):
            await self._check(repo, revision, check)
        if comment := _block(message, "pullRequestComment"):
            await self._comment(repo, revision, comment, message)

    async def _status(
        self, repo: str, revision: str, status: Mapping[str, Any], message: Message
    ) -> None:
        fields = {
            "state": status.get("state"),
            "context": status.get("label"),
            "target_url": status.get("targetURL"),
            "description": message.text[:_MAX_STATUS],
        }
        await self._call("POST", f"{repo}/statuses/{revision}", without_empty(fields))

    async def _deployment(self, repo: str, revision: str, wanted: Mapping[str, Any]) -> None:
        fields = {
            "ref": wanted.get("reference") or revision,
            "environment": wanted.get("environment"),
            "required_contexts": wanted.get("requiredContexts") or [],
            "auto_merge": _flag(wanted.get("autoMerge", True)),
            "transient_environment": _flag(wanted.get("transientEnvironment", False)),
        }
        kept = {name: value for name, value in fields.items() if value not in (None, "")}
        made = await self._call("POST", f"{repo}/deployments", kept)
        status = {
            "state": wanted.get("state"),
            "environment_url": wanted.get("environmentURL"),
            "log_url": wanted.get("logURL"),
        }
        path = f"{repo}/deployments/{made['id']}/statuses"
        await self._call("POST", path, without_empty(status))

    async def _check(self, repo: str, revision: str, wanted: Mapping[str, Any]) -> None:
        names = ("name", "status", "conclusion", "details_url", "started_at", "completed_at")
        fields = {name: wanted.get(name) for name in names}
        output = wanted.get("output") or {}
        texts = {name: output.get(name) for name in ("title", "summary", "text")}
        await self._call(
            "POST",
            f"{repo}/check-runs",
            without_empty({**fields, "head_sha": revision, "output": without_empty(texts)}),
        )

    async def _comment(
        self, repo: str, revision: str, wanted: Mapping[str, Any], message: Message
    ) -> None:
        text = str(wanted.get("content") or message.text)
        tag = str(wanted.get("commentTag") or "")
        mark = _MARK.format(tag) if tag else ""
        body = f"{text[: _MAX_COMMENT - len(mark) - 1]}\n{mark}" if tag else text[:_MAX_COMMENT]
        for pull in await self._call("GET", f"{repo}/commits/{revision}/pulls"):
            number = int(pull["number"])
            path = f"{repo}/issues/{number}/comments"
            known = await self._call("GET", f"{path}?per_page=100") if tag else []
            ours = next((one for one in known if mark in str(one.get("body"))), None)
            if ours is not None:
                await self._call("PATCH", f"{repo}/issues/comments/{ours['id']}", {"body": body})
            else:
                await self._call("POST", path, {"body": body})

    async def _call(self, method: str, path: str, fields: Any = None) -> Any:
        if time.time() >= self._token_until:
            await self._log_in()
        return await self._request(method, path, self._token, fields)

    async def _log_in(self) -> None:
        now = int(time.time())
        claims = {"iat": now - 60, "exp": now + _TOKEN_FOR_S - 60, "iss": str(self._options.app_id)}
        try:
            key = RSAKey.import_key(self._options.private_key)
            token = jwt.encode({"alg": "RS256"}, claims, key)
        except (JoseError, ValueError, TypeError) as err:
            raise DeliveryError("`privateKey` is not a private RSA key in PEM") from err
        path = f"/app/installations/{self._options.installation_id}/access_tokens"
        self._token = str((await self._request("POST", path, token))["token"])
        self._token_until = now + _TOKEN_FOR_S

    async def _request(self, method: str, path: str, token: str, fields: Any = None) -> Any:
        answer = await self._http.post(
            Request(
                method=method,
                url=self._base + path,
                headers={
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/vnd.github+json",
                    "X-GitHub-Api-Version": "2022-11-28",
                },
                json=fields,
            )
        )
        return answer.json()


def _block(message: Message, name: str) -> Mapping[str, Any]:
    value = message.block.get(name)
    return value if isinstance(value, Mapping) else {}


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"
