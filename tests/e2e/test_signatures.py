"""Projects that want commits signed get nothing else, with real keys and signatures of gpg."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, Repository, World

AUTOMATED = {"automated": {"prune": True, "selfHeal": True}}
FILES = {"one.yaml": text(config_map("one", {"key": "first"}))}


class Signer:
    """Keys of people, and commits in their name."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def new_key(self, name: str) -> str:
        """Return the id of a new key."""
        user = f"{name} <{name}@example.com>"
        self._gpg("--passphrase", "", "--quick-generate-key", user, "ed25519", "sign", "never")
        lines = self._gpg("--list-keys", "--with-colons", name).splitlines()
        return next(line.split(":")[4] for line in lines if line.startswith("pub"))

    def armoured(self, key: str) -> str:
        return self._gpg("--armor", "--export", key)

    def _gpg(self, *arguments: str) -> str:
        done = subprocess.run(
            ["gpg", "--homedir", str(self._home), "--batch", "--quiet", *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def push(self, repository: Repository, key: str, value: str, *, tag: str = "") -> str:
        """Push a commit that is signed, or a signed tag on one that is not."""
        (repository.folder / "one.yaml").write_text(text(config_map("one", {"key": value})))
        git = ["git", "-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
        signing = [f"-S{key}"] if key and not tag else []
        for arguments in (
            ["add", "-A"],
            ["commit", "-q", "-m", value, *signing],
            *([["tag", "-s", "-u", key, "-m", tag, tag]] if tag and key else []),
            *([["tag", "-a", "-m", tag, tag]] if tag and not key else []),
            ["push", "-q", "origin", "HEAD", *([tag] if tag else [])],
        ):
            subprocess.run(
                [*git, *arguments],
                cwd=repository.folder,
                check=True,
                capture_output=True,
                env={**os.environ, "GNUPGHOME": str(self._home)},
            )
        return repository.git("rev-parse", "HEAD")


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    # Its agent listens on a socket, whose path must be short.
    with tempfile.TemporaryDirectory(prefix="gpg-", dir="/tmp") as home:
        Path(home).chmod(0o700)
        yield Signer(Path(home))
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)


@pytest.fixture(scope="module")
def keys(world: World, signer: Signer) -> Iterator[tuple[str, str, str]]:
    """Give the ids of a key that is allowed, of one that is only known, and of a stranger's."""
    allowed, known, stranger = (signer.new_key(name) for name in ("alice", "bob", "mallory"))
    data = {key: signer.armoured(key) for key in (allowed, known)}
    with world.settings("argocd-gpg-keys-cm", data):
        yield allowed, known, stranger


def waits_for(app: App, words: str) -> None:
    def said() -> bool:
        conditions = app.status.get("conditions") or []
        return any(c["type"] == "ComparisonError" and words in c["message"] for c in conditions)

    eventually(f"{app.name} says `{words}`", said)


def test_only_commits_signed_with_an_allowed_key_are_deployed(
    world: World, signer: Signer, keys: tuple[str, str, str]
) -> None:
    """Fails when `TargetLoader.load` does not ask `Integrity.require`."""
    allowed, known, stranger = keys
    project = world.new_project(signatureKeys=[{"keyID": allowed}])
    repository, namespace = world.new_repository(FILES), world.new_namespace()
    app = world.new_app(repository, namespace, project=project, syncPolicy=AUTOMATED)
    waits_for(app, "by 'Tester <tester@example.com>': unsigned")
    assert world.api.find("ConfigMap", namespace, "one") is None

    signer.push(repository, known, "known")
    waits_for(app, f"signed with unallowed key (key_id={known})")
    signer.push(repository, stranger, "stranger")
    waits_for(app, f"signed with key not in keyring (key_id={stranger})")
    assert world.api.find("ConfigMap", namespace, "one") is None

    signer.push(repository, allowed, "signed")
    eventually(
        "what is signed is deployed",
        lambda: (
            (world.api.find("ConfigMap", namespace, "one") or {}).get("data") == {"key": "signed"}
        ),
    )
    repository.push({"one.yaml": text(config_map("one", {"key": "unsigned"}))})
    waits_for(app, "unsigned")
    refused = app.sync(revision=repository.git("rev-parse", "HEAD"))
    assert refused["phase"] in {"Error", "Failed"}
    assert "GIT/GPG: Failed verifying revision" in refused["message"]
    assert world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "signed"}


def test_of_an_annotated_tag_the_tag_is_verified(
    world: World, signer: Signer, keys: tuple[str, str, str]
) -> None:
    project = world.new_project(signatureKeys=[{"keyID": keys[0]}])
    repository = world.new_repository(FILES)
    signer.push(repository, keys[0], "good", tag="v1")
    signer.push(repository, "", "plain", tag="v2")

    def deployed(revision: str) -> App:
        source = {"repoURL": repository.url, "path": ".", "targetRevision": revision}
        return world.new_app(
            repository, world.new_namespace(), project=project, source=source, syncPolicy=AUTOMATED
        )

    deployed("v1").wait("Synced")
    waits_for(deployed("v2"), "Failed verifying revision v2")


def test_a_strict_policy_wants_the_whole_history_signed(
    world: World, signer: Signer, keys: tuple[str, str, str]
) -> None:
    repository = world.new_repository(FILES)
    signer.push(repository, keys[0], "signed")
    policies = [{"repos": [{"url": repository.url}], "gpg": {"mode": "strict", "keys": [keys[0]]}}]
    project = world.new_project(sourceIntegrity={"git": {"policies": policies}})

    app = world.new_app(repository, world.new_namespace(), project=project)

    waits_for(app, "unsigned")


def test_a_key_that_is_taken_away_counts_no_more(
    world: World, signer: Signer, keys: tuple[str, str, str]
) -> None:
    """Fails when the keys are not part of what decides whether a target is used again."""
    key = signer.new_key("carol")
    project = world.new_project(signatureKeys=[{"keyID": key}])
    repository = world.new_repository(FILES)
    signer.push(repository, key, "signed")
    with world.settings("argocd-gpg-keys-cm", {key: signer.armoured(key)}):
        app = world.new_app(repository, world.new_namespace(), project=project)
        app.wait("OutOfSync", "Missing")

    app.refresh()

    waits_for(app, "not in keyring")
