"""Verifies signatures of tags and commits with git and gpg, against the installation's keys.

Each set of keys has a keyring of its own, which is made once and trusted as it is: who may put keys
into the ConfigMap decides whom to trust. Without gpg nothing counts as signed.

Source: git documentation, git-verify-commit(1), git-verify-tag(1); GnuPG manual.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tiphys.engine.integrity import MOST_PROBLEMS, SignatureMode, SignaturePolicy, signature_problem
from tiphys.model.errors import RenderError

_TIMEOUT_S: Final = 60.0
_MOST_COMMITS: Final = 50_000
_REMEMBERED: Final = 4096
_GIT: Final = (
    "git", "-c", "gpg.program=gpg", "-c", "gpg.format=openpgp", "-c", "gpg.ssh.program=false",
    "-c", "gpg.x509.program=false", "-c", "safe.directory=*",
)  # fmt: skip


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be verified.

    Attributes:
        folder: of the mirror that holds the commit.
        commit: its full SHA.
        tag: the name that it was asked for by, which may be a tag's.
    """

    folder: Path
    commit: str
    tag: str


class Unverified(msgspec.Struct, frozen=True):
    """A revision that does not hold, and why."""

    revision: str
    author: str
    problem: str


class Signatures:
    """Verifies against keyrings that lie below one folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._making = asyncio.Lock()
        self._verified: OrderedDict[object, tuple[Unverified, ...]] = OrderedDict()

    async def verify(
        self, signed: Signed, policy: SignaturePolicy, keys: Mapping[str, str]
    ) -> tuple[Unverified, ...]:
        """Return what does not hold, at most ten; nothing when all is signed as it should be.

        Args:
            signed: a commit that is in its mirror.
            policy: what has to be signed, and by whom.
            keys: of the installation, armoured.

        Raises:
            RenderError: gpg is not there, cannot read a key, or takes too long.
        """
        ring = await self._keyring(keys)
        tag = await self._annotated_tag(signed)
        hour = int(time.monotonic() // 3600)  # keys expire
        key = (signed.folder, signed.commit, tag, policy, ring.name, hour)
        if key not in self._verified:
            self._verified[key] = await self._look(signed, tag, policy, ring)
            while len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)
        return self._verified[key]

    async def _look(
        self, signed: Signed, tag: str, policy: SignaturePolicy, ring: Path
    ) -> tuple[Unverified, ...]:
        found: list[Unverified] = []
        if tag:
            told = await _run([*_GIT, "verify-tag", "--raw", tag], signed.folder, ring)
            problem = signature_problem(told, policy.keys)
            if problem:
                found.append(Unverified(signed.tag, await _author(signed, signed.commit), problem))
        commits = [] if tag else [signed.commit]
        if policy.mode is SignatureMode.STRICT:
            listed = await _run(
                [*_GIT, "rev-list", f"--max-count={_MOST_COMMITS + 1}", signed.commit],
                signed.folder,
                ring,
            )
            commits = listed.split()
            if len(commits) > _MOST_COMMITS:
                raise RenderError(f"the history has more than {_MOST_COMMITS} commits to verify")
        for commit in commits:
            told = await _run([*_GIT, "verify-commit", "--raw", commit], signed.folder, ring)
            problem = signature_problem(told, policy.keys)
            if problem:
                found.append(Unverified(commit, await _author(signed, commit), problem))
            if len(found) >= MOST_PROBLEMS:
                break
        return tuple(found)

    async def _annotated_tag(self, signed: Signed) -> str:
        """Return the id of the annotated tag that was asked for, "" when it is none."""
        name = f"refs/tags/{signed.tag.removeprefix('refs/tags/')}"
        asked = [*_GIT, "rev-parse", "--verify", "--quiet"]
        told = (await _run([*asked, f"{name}^{{commit}}"], signed.folder, self._home)).split()
        if told != [signed.commit]:
            return ""
        tag = (await _run([*asked, f"{name}^{{tag}}"], signed.folder, self._home)).split()
        return tag[0] if len(tag) == 1 and len(tag[0]) >= 40 else ""

    async def _keyring(self, keys: Mapping[str, str]) -> Path:
        content = "\0".join(f"{name}\0{text}" for name, text in sorted(keys.items()))
        ring = self._home / hashlib.sha256(content.encode()).hexdigest()[:32]
        async with self._making:
            if not ring.is_dir():
                await self._make(ring, keys)
        return ring

    async def _make(self, ring: Path, keys: Mapping[str, str]) -> None:
        if shutil.which("gpg") is None:
            raise RenderError(
                "signatures cannot be verified: gpg is not installed",
                hint="Install GnuPG beside git, or use the container image.",
            )
        self._home.mkdir(parents=True, exist_ok=True)
        # Sockets of gpg must have short paths; a keyring alone needs none.
        made = Path(tempfile.mkdtemp(prefix="ring-", dir=self._home))
        try:
            (made / "gpg.conf").write_text("trust-model always\nno-autostart\nbatch\n")
            for name, text in sorted(keys.items()):
                told = await _run(["gpg", "--status-fd", "2", "--import"], made, made, text)
                if "IMPORT_OK" not in told:
                    raise RenderError(
                        f"the key `{name[:64]}` cannot be read",
                        where="ConfigMap/argocd-gpg-keys-cm",
                    )
            await asyncio.to_thread(made.rename, ring)
        finally:
            await asyncio.to_thread(shutil.rmtree, made, ignore_errors=True)


async def _author(signed: Signed, commit: str) -> str:
    arguments = [*_GIT, "show", "-s", "--no-show-signature", "--format=%an <%ae>", commit]
    return " ".join((await _run(arguments, signed.folder, signed.folder)).split())[:200]


async def _run(arguments: Sequence[str], folder: Path, ring: Path, given: str = "") -> str:
    """Return all that a program prints; that it failed is said in that."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(ring),
        "GNUPGHOME": str(ring),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output, errors = await process.communicate(given.encode())
    except TimeoutError as err:
        raise RenderError(f"a signature was not verified within {_TIMEOUT_S:.0f} s") from err
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return (output + b"\n" + errors).decode(errors="replace")
