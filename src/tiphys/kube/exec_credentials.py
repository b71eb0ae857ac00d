"""Runs the command of a kubeconfig that prints credentials.

Source: Kubernetes documentation, "Client authentication (v1)". What the command writes to standard
error is not shown: it may be anything, and our errors end up in conditions.
"""

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from tiphys.kube.config import ClusterConfig, ExecProvider
from tiphys.model.errors import CredentialsError

_TIMEOUT_S = 30.0
_MAX_BYTES = 1024 * 1024


class ExecCredential(msgspec.Struct, frozen=True, kw_only=True):
    """What such a command printed; `expires_at` is None where it did not say."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires_at: datetime | None = None


async def run_exec(provider: ExecProvider, config: ClusterConfig) -> ExecCredential:
    """Run the command and return what it printed.

    Raises:
        CredentialsError: it cannot be run, fails, takes longer than 30 s, or prints something else.
    """
    hint = "Run the command by hand."
    try:
        return _credential(await _run(provider, config), provider)
    except FileNotFoundError:
        why, hint = "was not found", provider.install_hint or "Install it."
    except TimeoutError:
        why = f"took longer than {_TIMEOUT_S:.0f} seconds"
    except OSError:
        why = "cannot be run"
    except _UnusableError as err:
        why = str(err)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        why = "printed no ExecCredential"  # and what it printed instead is not shown
    raise CredentialsError(
        f"the credential command `{provider.command}` {why}", where=config.server, hint=hint
    )


class _UnusableError(Exception):
    """Says what is wrong with what a command did, as the end of a sentence."""


async def _run(provider: ExecProvider, config: ClusterConfig) -> bytes:
    info = orjson.dumps(_exec_info(provider, config)).decode()
    code, output = await _output(
        [provider.command, *provider.args],
        {**os.environ, **provider.env, "KUBERNETES_EXEC_INFO": info},
    )
    if code != 0:
        raise _UnusableError(f"ended with exit code {code}")
    return output


def _credential(output: bytes, provider: ExecProvider) -> ExecCredential:
    printed = orjson.loads(output)
    if printed["apiVersion"] != provider.api_version:
        raise _UnusableError(f"printed another version than {provider.api_version}")
    credential = _parsed(printed["status"])
    if not (credential.token or credential.certificate):
        raise _UnusableError("printed neither a token nor a certificate")
    if bool(credential.certificate) != bool(credential.key):
        raise _UnusableError("printed a certificate and a key that do not go together")
    return credential


async def _output(arguments: list[str], environ: Mapping[str, str]) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environ,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output = b""
            while chunk := await process.stdout.read(65536):
                output += chunk
                if len(output) > _MAX_BYTES:
                    raise _UnusableError("printed more than a mebibyte")
            return await process.wait(), output
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _parsed(status: Mapping[str, Any]) -> ExecCredential:
    expires = status.get("expirationTimestamp")
    expires_at = datetime.fromisoformat(expires) if expires else None
    if expires_at is not None and expires_at.tzinfo is None:
        expires_at = expires_at.replace(tzinfo=UTC)
    token = status.get("token") or ""
    if not isinstance(token, str) or not token.isprintable():
        raise ValueError
    return ExecCredential(
        token=token,
        certificate=status.get("clientCertificateData") or "",
        key=status.get("clientKeyData") or "",
        expires_at=expires_at,
    )


def _exec_info(provider: ExecProvider, config: ClusterConfig) -> dict[str, Any]:
    spec: dict[str, Any] = {"interactive": False}
    if provider.provides_cluster_info:
        authority = base64.b64encode(config.ca.encode()).decode()
        cluster = {
            "server": config.server,
            "tls-server-name": config.tls_server_name,
            "insecure-skip-tls-verify": config.insecure,
            "certificate-authority-data": authority,
            "proxy-url": config.proxy_url,
            "disable-compression": not config.compresses,
            "config": provider.cluster_config,
        }
        spec["cluster"] = {name: value for name, value in cluster.items() if value}
    return {"apiVersion": provider.api_version, "kind": "ExecCredential", "spec": spec}
