"""Kubeconfigs as people write them, each against an API server behind TLS."""

import base64
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from tests.unit.kube.api_server import ApiServer, Seen, api_server
from tests.unit.kube.certificates import Authority, Issued
from tiphys.kube.config import ClusterConfig
from tiphys.kube.kubeconfig import load_kubeconfig
from tiphys.kube.transport import Transport
from tiphys.model.errors import ClusterError, InvalidInputError

AUTHORITY = Authority("cluster authority")
SERVING = AUTHORITY.issue("kube-apiserver", "127.0.0.1")
ANN = AUTHORITY.issue("ann")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(
    folder: Path, cluster: dict[str, Any], user: dict[str, Any] | None = None, name: str = "config"
) -> Path:
    """Write a kubeconfig with one context."""
    path = folder / name
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "work",
        "contexts": [{"name": "work", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user or {}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def plugin(folder: Path, answer: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    """Write a command that prints an ExecCredential, and counts how often it ran."""
    file = folder / "plugin"
    printed = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": answer,
    }
    (folder / "answer.json").write_bytes(orjson.dumps(printed))
    file.write_text(
        f"#!{sys.executable}\n"
        "import os, pathlib, sys\n"
        "here = pathlib.Path(__file__).parent\n"
        "(here / 'info.json').write_text(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "(here / 'env').write_text(os.environ.get('COLOUR', ''))\n"
        "with (here / 'runs').open('a') as runs: runs.write(' '.join(sys.argv[1:]) + '\\n')\n"
        "print((here / 'answer.json').read_text())\n"
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./plugin",
        "args": ["get", "token"],
        "env": [{"name": "COLOUR", "value": "blue"}],
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": True,
    }


def runs(folder: Path) -> list[str]:
    return (folder / "runs").read_text().splitlines()


async def ask(config: ClusterConfig) -> None:
    transport = Transport(config)
    try:
        await transport.request("GET", "/version")
    finally:
        await transport.close()


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server(AUTHORITY, SERVING) as running:
        yield running


BY_DATA = {"certificate-authority-data": encoded(AUTHORITY.pem)}
BY_FILE = {"certificate-authority": "pki/ca.crt"}
ANN_BY_DATA = {
    "client-certificate-data": encoded(ANN.certificate),
    "client-key-data": encoded(ANN.key),
}


@pytest.mark.parametrize(
    ("cluster", "user", "expected"),
    [
        pytest.param(BY_DATA, {"token": "t1"}, Seen("Bearer t1"), id="a token, authority inline"),
        pytest.param(BY_FILE, {"token": "t1"}, Seen("Bearer t1"), id="authority beside the file"),
        pytest.param(
            {**BY_DATA, "certificate-authority": "missing"},
            {"token": "t1"},
            Seen("Bearer t1"),
            id="inline data wins over a file",
        ),
        pytest.param(
            {"insecure-skip-tls-verify": True}, {"token": "t1"}, Seen("Bearer t1"), id="not checked"
        ),
        pytest.param(
            BY_DATA,
            {"token": "t1", "tokenFile": "token"},
            Seen("Bearer of-the-file"),
            id="a token's file wins over a token",
        ),
        pytest.param(
            BY_DATA,
            {"username": "ann", "password": "pw"},
            Seen("Basic " + encoded("ann:pw")),
            id="name and password",
        ),
        pytest.param(BY_DATA, ANN_BY_DATA, Seen(client="ann"), id="a client certificate inline"),
        pytest.param(
            BY_DATA,
            {"client-certificate": "pki/ann.crt", "client-key": "pki/ann.key"},
            Seen(client="ann"),
            id="a client certificate in files",
        ),
        pytest.param(
            BY_DATA,
            {
                "token": "t1",
                "as": "ben",
                "as-uid": "7",
                "as-groups": ["dev", "ops"],
                "as-user-extra": {"Team/Name": ["a", "b"]},
            },
            Seen(
                "Bearer t1",
                impersonation=(
                    ("Impersonate-User", "ben"),
                    ("Impersonate-Uid", "7"),
                    ("Impersonate-Group", "dev"),
                    ("Impersonate-Group", "ops"),
                    ("Impersonate-Extra-team%2Fname", "a"),
                    ("Impersonate-Extra-team%2Fname", "b"),
                ),
            ),
            id="acting as somebody else",
        ),
        pytest.param(BY_DATA, {}, Seen(), id="nobody"),
    ],
)
async def test_the_server_sees_who_the_kubeconfig_says_we_are(
    server: ApiServer,
    tmp_path: Path,
    cluster: dict[str, Any],
    user: dict[str, Any],
    expected: Seen,
) -> None:
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "ca.crt").write_text(AUTHORITY.pem)
    (tmp_path / "pki" / "ann.crt").write_text(ANN.certificate)
    (tmp_path / "pki" / "ann.key").write_text(ANN.key)
    (tmp_path / "token").write_text("of-the-file\n")

    await ask(load_kubeconfig(kubeconfig(tmp_path, {"server": server.address, **cluster}, user)))

    [seen] = server.seen
    assert (seen.authorization, seen.client, seen.impersonation) == (
        expected.authorization,
        expected.client,
        expected.impersonation,
    )


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        pytest.param({}, "certificate", id="an authority that nobody knows"),
        pytest.param(
            {**BY_DATA, "tls-server-name": "other.example"}, "ostname", id="another server's name"
        ),
    ],
)
async def test_a_server_that_cannot_be_believed_is_told_nothing(
    server: ApiServer, tmp_path: Path, cluster: dict[str, Any], message: str
) -> None:
    path = kubeconfig(tmp_path, {"server": server.address, **cluster}, {"token": "secret"})

    with pytest.raises(ClusterError, match=message) as failed:
        await ask(load_kubeconfig(path))

    assert server.seen == []
    assert "tls-server-name" in failed.value.hint


async def test_a_servers_name_is_checked_instead_of_its_address(tmp_path: Path) -> None:
    serving = AUTHORITY.issue("kube-apiserver", "api.example")
    async with api_server(AUTHORITY, serving) as server:
        cluster = {"server": server.address, **BY_DATA, "tls-server-name": "api.example"}

        await ask(load_kubeconfig(kubeconfig(tmp_path, cluster)))

        assert len(server.seen) == 1


async def test_answers_are_not_compressed_where_that_is_disabled(
    server: ApiServer, tmp_path: Path
) -> None:
    cluster = {"server": server.address, **BY_DATA, "disable-compression": True}

    await ask(load_kubeconfig(kubeconfig(tmp_path, cluster)))

    assert server.seen[0].encoding == "identity"


async def test_the_account_that_is_acted_as_keeps_no_groups_of_the_kubeconfig(
    server: ApiServer, tmp_path: Path
) -> None:
    user = {"token": "t1", "as": "ben", "as-groups": ["system:masters"]}
    path = kubeconfig(tmp_path, {"server": server.address, **BY_DATA}, user)
    transport = Transport(load_kubeconfig(path))

    await transport.acting_as("system:serviceaccount:shop:deployer").request("GET", "/version")
    await transport.close()

    assert server.seen[0].impersonation == (
        ("Impersonate-User", "system:serviceaccount:shop:deployer"),
    )


async def test_a_plugin_is_told_the_cluster_and_its_token_is_kept(
    server: ApiServer, tmp_path: Path
) -> None:
    user = {"exec": plugin(tmp_path, {"token": "issued"})}
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}
    cluster = {"server": server.address, **BY_DATA, "extensions": [extension]}
    transport = Transport(load_kubeconfig(kubeconfig(tmp_path, cluster, user)))

    for _ in range(3):
        await transport.request("GET", "/version")
    await transport.close()

    assert {seen.token for seen in server.seen} == {"issued"}
    assert runs(tmp_path) == ["get token"]
    assert (tmp_path / "env").read_text() == "blue"
    info = orjson.loads((tmp_path / "info.json").read_bytes())
    assert info == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": server.address,
                "certificate-authority-data": encoded(AUTHORITY.pem),
                "config": {"audience": "a"},
            },
        },
    }


async def test_a_plugins_certificate_is_shown_to_the_server(
    server: ApiServer, tmp_path: Path
) -> None:
    answer = {"clientCertificateData": ANN.certificate, "clientKeyData": ANN.key}
    cluster = {"server": server.address, **BY_DATA}

    await ask(load_kubeconfig(kubeconfig(tmp_path, cluster, {"exec": plugin(tmp_path, answer)})))

    assert server.seen[0].client == "ann"


@pytest.mark.parametrize(
    ("expires", "count"),
    [
        pytest.param("2001-01-01T00:00:00Z", 2, id="expired"),
        pytest.param("2101-01-01T00:00:00Z", 1, id="good for long"),
    ],
)
async def test_a_plugin_runs_again_when_what_it_printed_expires(
    server: ApiServer, tmp_path: Path, expires: str, count: int
) -> None:
    answer = {"token": "issued", "expirationTimestamp": expires}
    cluster = {"server": server.address, **BY_DATA}
    user = {"exec": plugin(tmp_path, answer)}
    transport = Transport(load_kubeconfig(kubeconfig(tmp_path, cluster, user)))

    await transport.request("GET", "/version")
    await transport.request("GET", "/version")
    await transport.close()

    assert len(runs(tmp_path)) == count


async def test_a_plugin_runs_again_when_the_server_does_not_know_its_token(
    server: ApiServer, tmp_path: Path
) -> None:
    user = {"exec": plugin(tmp_path, {"token": "revoked"})}
    cluster = {"server": server.address, **BY_DATA}
    transport = Transport(load_kubeconfig(kubeconfig(tmp_path, cluster, user)))
    await transport.request("GET", "/version")

    server.lets_in = lambda seen: seen.token == "renewed"
    plugin(tmp_path, {"token": "renewed"})
    answer = await transport.request("GET", "/version")
    await transport.close()

    assert answer.json() == {"path": "/version"}
    assert [seen.token for seen in server.seen] == ["revoked", "revoked", "renewed"]


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ({"command": "no-such-command", "installHint": "Get it."}, "was not found", "Get it."),
        ({"command": "false"}, "exit code 1", "by hand"),
        ({"command": "true"}, "printed no ExecCredential", "by hand"),
        ({"apiVersion": "client.authentication.k8s.io/v1beta1"}, "another version", "by hand"),
    ],
)
async def test_a_plugin_that_fails_is_named_with_what_to_do(
    server: ApiServer, tmp_path: Path, change: dict[str, str], message: str, hint: str
) -> None:
    user = {"exec": {**plugin(tmp_path, {"token": "issued"}), **change}}
    path = kubeconfig(tmp_path, {"server": server.address, **BY_DATA}, user)

    with pytest.raises(ClusterError, match=message) as failed:
        await ask(load_kubeconfig(path))

    assert hint in failed.value.hint


async def test_a_tokens_file_is_read_again_when_the_server_does_not_know_it(
    server: ApiServer, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("old")
    cluster = {"server": server.address, **BY_DATA}
    transport = Transport(load_kubeconfig(kubeconfig(tmp_path, cluster, {"tokenFile": "token"})))
    await transport.request("GET", "/version")

    (tmp_path / "token").write_text("new")
    server.lets_in = lambda seen: seen.token == "new"
    async with transport.stream("/api/v1/pods", {"watch": "1"}, quiet_s=5) as stream:
        await stream.read()
    await transport.close()

    assert [seen.token for seen in server.seen] == ["old", "old", "new"]


async def test_a_refusal_that_nothing_can_renew_is_reported_at_once(
    server: ApiServer, tmp_path: Path
) -> None:
    server.lets_in = lambda seen: False
    path = kubeconfig(tmp_path, {"server": server.address, **BY_DATA}, {"token": "t1"})

    with pytest.raises(Exception, match="Unauthorized"):
        await ask(load_kubeconfig(path))

    assert len(server.seen) == 1


async def test_an_authority_that_is_replaced_in_its_file_is_believed(
    server: ApiServer, tmp_path: Path
) -> None:
    (tmp_path / "ca.crt").write_text(AUTHORITY.pem)
    cluster = {"server": server.address, "certificate-authority": "ca.crt"}
    config = load_kubeconfig(kubeconfig(tmp_path, cluster, {"token": "t1"}))

    rotated = Authority("cluster authority, next")
    server.show(rotated.issue("kube-apiserver", "127.0.0.1"))
    (tmp_path / "ca.crt").write_text(rotated.pem)

    await ask(config)


async def test_a_client_certificate_is_replaced_under_way(
    server: ApiServer, tmp_path: Path
) -> None:
    def install(issued: Issued) -> None:
        (tmp_path / "crt").write_text(issued.certificate)
        (tmp_path / "key").write_text(issued.key)

    install(ANN)
    user = {"client-certificate": "crt", "client-key": "key"}
    path = kubeconfig(tmp_path, {"server": server.address, **BY_DATA}, user)
    transport = Transport(load_kubeconfig(path))
    await transport.request("GET", "/version")

    (tmp_path / "crt").write_text(AUTHORITY.issue("ben").certificate)  # its key is not there yet
    server.lets_in = lambda seen: seen.client == "ben"
    with pytest.raises(Exception, match="Unauthorized"):
        await transport.request("GET", "/version")
    install(AUTHORITY.issue("ben"))
    await transport.request("GET", "/version")
    await transport.close()

    assert server.seen[-1].client == "ben"


def test_of_several_files_the_first_that_names_something_decides_all_of_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    (second / "token").write_text("from-second")
    one = kubeconfig(first, {"server": "https://one.example"}, {"token": "t1"})
    two = {
        "current-context": "other",
        "contexts": [{"name": "other", "context": {"cluster": "c", "user": "only-second"}}],
        "clusters": [
            {"name": "c", "cluster": {"server": "https://two.example", "tls-server-name": "two"}}
        ],
        "users": [{"name": "only-second", "user": {"tokenFile": "token"}}],
    }
    (second / "config").write_text(yaml.safe_dump(two))
    files = [tmp_path / "missing", one, second / "config"]

    current, other = load_kubeconfig(files), load_kubeconfig(files, "other")

    assert (current.server, current.token) == ("https://one.example", "t1")
    assert (other.server, other.token) == ("https://one.example", "from-second")
    assert other.tls_server_name == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "no context is the current one", id="empty"),
        pytest.param("- swordfish", "is not a mapping", id="a list"),
        pytest.param("users: [swordfish", "line 1 is not YAML", id="not YAML"),
        pytest.param("current-context: a", "`a` is not among the contexts", id="no such context"),
        pytest.param(
            "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]",
            "`b` is not among the clusters",
            id="no such cluster",
        ),
    ],
)
def test_a_file_that_cannot_be_used_gives_a_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "config").write_text(text)

    with pytest.raises(InvalidInputError, match=message) as refused:
        load_kubeconfig(tmp_path / "config")

    assert "swordfish" not in str(refused.value)


@pytest.mark.parametrize(
    ("cluster", "user", "message"),
    [
        ({"insecure-skip-tls-verify": True, **BY_DATA}, {}, "told not to be used"),
        ({"proxy-url": "socks5://127.0.0.1:1"}, {}, "not an HTTP proxy"),
        ({"certificate-authority-data": "swordfish!"}, {}, "not base64"),
        ({"certificate-authority": "missing.crt"}, {}, "missing.crt"),
        ({}, {"client-certificate-data": encoded(ANN.certificate)}, "needs its key"),
        ({}, {"as-groups": ["system:masters"]}, "without a user"),
        ({}, {"token": "swordfish\r\nX-Other: 1"}, "control character"),
        ({}, {"token": ["swordfish"]}, "`token` is not a text"),
        ({}, {"tokenFile": "missing"}, "missing"),
        ({}, {"auth-provider": {"name": "gcp"}}, "use an `exec` plugin"),
        (
            {},
            {"exec": {"command": "ask", "interactiveMode": "Always", "apiVersion": "v1"}},
            "wants to ask questions",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_without_being_repeated(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any], message: str
) -> None:
    path = kubeconfig(tmp_path, {"server": "https://one.example", **cluster}, user)

    with pytest.raises(InvalidInputError, match=message) as refused:
        load_kubeconfig(path)

    assert "swordfish" not in str(refused.value)
