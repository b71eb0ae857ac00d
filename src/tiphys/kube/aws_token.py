"""The token by which an EKS cluster knows an AWS identity (`awsAuthConfig` of a cluster Secret).

The token is a signed question to AWS's STS, "who am I?", which the cluster asks in our name. Our
own identity comes from where the AWS tools look: environment, shared files, web identity (IRSA),
Pod Identity, or the metadata service of an EC2 machine.

Source: aws-iam-authenticator, "API Authorization from Outside a Cluster"; AWS documentation, "AWS
SDKs and Tools: Standardized credential providers".
"""

import base64
import configparser
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import orjson

from tiphys.kube.aws_signing import AwsKeys, Question, Scope, canonical_query, presigned_url
from tiphys.kube.config import AwsAuth
from tiphys.kube.exec_credentials import ExecCredential
from tiphys.model.errors import CredentialsError

_LIFETIME = timedelta(minutes=14)  # STS accepts it for fifteen
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_VERSION = "2011-06-15"
_SESSION_NAME = "tiphys"
_MAX_BYTES = 64 * 1024
_EKS_HOST = re.compile(r"\.([a-z0-9-]+)\.eks\.amazonaws\.com")


async def aws_token(
    auth: AwsAuth, server: str, environ: Mapping[str, str] = os.environ
) -> ExecCredential:
    """Return a token for an EKS cluster.

    Args:
        auth: the cluster's name, the role to assume, the profile to start from.
        server: the cluster's address; it names the region where nothing else does.
        environ: holds what the AWS tools read.

    Raises:
        CredentialsError: no AWS identity was found, or AWS refuses it.
    """
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True) as session:
            found = _Identity(session, auth, server, environ)
            keys = await found.keys()
            now = datetime.now(UTC)
            question = Question(
                url=f"{found.sts}/",
                params={"Action": "GetCallerIdentity", "Version": _VERSION},
                headers={"x-k8s-aws-id": auth.cluster_name},
            )
            url = presigned_url(question, keys, Scope(found.region, "sts", now))
    except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError) as err:
        raise CredentialsError(
            f"no AWS identity can be had ({type(err).__name__})", where=server
        ) from err
    token = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    return ExecCredential(token=f"k8s-aws-v1.{token}", expires_at=now + _LIFETIME)


class _Identity:
    """Looks for our AWS identity, in the order of the AWS tools."""

    def __init__(
        self, session: aiohttp.ClientSession, auth: AwsAuth, server: str, environ: Mapping[str, str]
    ) -> None:
        self._session, self._auth, self._server, self._environ = session, auth, server, environ
        self._profile = _profile(auth.profile, environ)
        named = _EKS_HOST.search(server)
        self.region = (
            environ.get("AWS_REGION")
            or environ.get("AWS_DEFAULT_REGION")
            or self._profile.get("region")
            or (named.group(1) if named else "us-east-1")
        )
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        address = environ.get("AWS_ENDPOINT_URL_STS") or f"https://sts.{self.region}.{domain}"
        self.sts = address.rstrip("/")

    async def keys(self) -> AwsKeys:
        keys = await self._own_keys()
        if not self._auth.role_arn:
            return keys
        params = {
            "Action": "AssumeRole",
            "RoleArn": self._auth.role_arn,
            "RoleSessionName": _SESSION_NAME,
            "Version": _VERSION,
        }
        scope = Scope(self.region, "sts", datetime.now(UTC))
        question = Question(url=f"{self.sts}/", params=params)
        return await self._ask_sts(presigned_url(question, keys, scope))

    async def _own_keys(self) -> AwsKeys:
        environ = self._environ
        if environ.get("AWS_ACCESS_KEY_ID") and not self._auth.profile:
            return AwsKeys(
                access_key=environ["AWS_ACCESS_KEY_ID"],
                secret_key=environ["AWS_SECRET_ACCESS_KEY"],
                session_token=environ.get("AWS_SESSION_TOKEN", ""),
            )
        if "aws_access_key_id" in self._profile:
            return AwsKeys(
                access_key=self._profile["aws_access_key_id"],
                secret_key=self._profile["aws_secret_access_key"],
                session_token=self._profile.get("aws_session_token", ""),
            )
        token_file = self._profile.get("web_identity_token_file") or environ.get(
            "AWS_WEB_IDENTITY_TOKEN_FILE"
        )
        if token_file:
            role = self._profile.get("role_arn") or environ["AWS_ROLE_ARN"]
            return await self._by_web_identity(_text_of(token_file), role)
        if self._auth.profile:
            raise CredentialsError(
                f"the AWS profile `{self._auth.profile}` holds no access key and no web identity",
                where=self._server,
                hint="Add the profile to the file that AWS_SHARED_CREDENTIALS_FILE names.",
            )
        if environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            return await self._by_pod_identity(environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
        return await self._by_machine()

    async def _by_web_identity(self, token: str, role: str) -> AwsKeys:
        params = {
            "Action": "AssumeRoleWithWebIdentity",
            "RoleArn": role,
            "RoleSessionName": self._environ.get("AWS_ROLE_SESSION_NAME") or _SESSION_NAME,
            "WebIdentityToken": token,
            "Version": _VERSION,
        }
        return await self._ask_sts(f"{self.sts}/?{canonical_query(params)}")

    async def _by_pod_identity(self, address: str) -> AwsKeys:
        file = self._environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        token = self._environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        headers = {"Authorization": _text_of(file) if file else token}
        return _keys(orjson.loads(await self._text("GET", address, headers)))

    async def _by_machine(self) -> AwsKeys:
        root = self._environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or "http://169.254.169.254"
        lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
        token = await self._text("PUT", f"{root.rstrip('/')}/latest/api/token", lifetime)
        headers = {"X-aws-ec2-metadata-token": token}
        folder = f"{root.rstrip('/')}/latest/meta-data/iam/security-credentials/"
        role = (await self._text("GET", folder, headers)).split("\n")[0]
        return _keys(orjson.loads(await self._text("GET", f"{folder}{role}", headers)))

    async def _ask_sts(self, url: str) -> AwsKeys:
        text = await self._text("GET", url, {})

        def field(name: str) -> str:
            value = re.search(f"<{name}>([^<]+)</{name}>", text)
            if value is None:
                raise KeyError(name)
            return value.group(1)

        return AwsKeys(
            access_key=field("AccessKeyId"),
            secret_key=field("SecretAccessKey"),
            session_token=field("SessionToken"),
        )

    async def _text(self, method: str, url: str, headers: Mapping[str, str]) -> str:
        async with self._session.request(method, url, headers=headers) as answer:
            if answer.status >= 400:
                host = answer.url.host
                raise CredentialsError(
                    f"AWS refuses our identity: `{host}` answered {answer.status}",
                    where=self._server,
                    hint="Check the role and who may assume it.",
                )
            return (await answer.content.read(_MAX_BYTES)).decode()


def _keys(answer: Mapping[str, str]) -> AwsKeys:
    return AwsKeys(
        access_key=answer["AccessKeyId"],
        secret_key=answer["SecretAccessKey"],
        session_token=answer.get("Token", ""),
    )


def _text_of(file: str) -> str:
    return Path(file).read_text().strip()


def _profile(name: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    home = Path(environ.get("HOME") or "/")
    files = [
        environ.get("AWS_CONFIG_FILE") or home / ".aws" / "config",
        environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials",
    ]
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(files)
    wanted = name or environ.get("AWS_PROFILE") or "default"
    sections = [section for section in (f"profile {wanted}", wanted) if section in parser]
    return {key: value for section in sections for key, value in parser[section].items()}
