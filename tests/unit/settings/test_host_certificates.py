"""Certificates and keys by which repositories' hosts are known."""

import base64
from pathlib import Path

import pytest

from tests.peers.certificates import Authority
from tiphys.model.errors import InvalidInputError
from tiphys.settings.host_certificates import (
    HostCertificate,
    ssh_keys,
    tls_certificates,
    with_ssh,
    with_tls,
    without_ssh,
)

KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519 one").decode()
OTHER = base64.b64encode(b"\0\0\0\x0bssh-ed25519 two").decode()
KNOWN = f"# ours\ngit.example ssh-ed25519 {KEY}\nbroken line\n|1|hash= ssh-rsa {OTHER}\n"


def entry(key: str, host: str = "git.example", kind: str = "ssh-ed25519") -> HostCertificate:
    data = base64.b64encode(key.encode()).decode()
    return HostCertificate(server_name=host, cert_type="ssh", cert_sub_type=kind, cert_data=data)


def test_keys_are_listed_with_their_fingerprints() -> None:
    first, second = ssh_keys(KNOWN)

    assert (first.server_name, first.cert_sub_type) == ("git.example", "ssh-ed25519")
    assert first.cert_info.startswith("SHA256:")
    assert second.server_name == "|1|hash="


def test_a_key_is_added_and_what_is_there_stays() -> None:
    known = with_ssh(KNOWN, entry(KEY, "other.example"), upsert=False)

    assert known.startswith(KNOWN)
    assert known.endswith(f"other.example ssh-ed25519 {KEY}\n")


def test_a_key_that_is_there_changes_nothing() -> None:
    assert with_ssh(KNOWN, entry(KEY), upsert=False) == KNOWN


def test_another_key_of_a_host_needs_upsert() -> None:
    with pytest.raises(InvalidInputError, match="upsert"):
        with_ssh(KNOWN, entry(OTHER), upsert=False)

    known = with_ssh(KNOWN, entry(OTHER), upsert=True)
    assert [key.cert_info for key in ssh_keys(known) if key.server_name == "git.example"] != []
    assert KEY not in known


def test_a_key_is_taken_out_and_comments_stay() -> None:
    assert without_ssh(KNOWN, [entry(KEY)]) == KNOWN.replace(f"git.example ssh-ed25519 {KEY}\n", "")


@pytest.mark.parametrize(
    "added",
    [
        pytest.param(entry("not base64 !"), id="no key"),
        pytest.param(entry(KEY, "two hosts"), id="a host with a space"),
        pytest.param(entry(f"{KEY}\nevil ssh-rsa {KEY}"), id="a second line"),
        pytest.param(entry(KEY, ""), id="no host"),
    ],
)
def test_what_is_no_key_is_refused(added: HostCertificate) -> None:
    with pytest.raises(InvalidInputError):
        with_ssh("", added, upsert=False)


def test_a_certificate_is_stored_by_its_host(tmp_path: Path) -> None:
    pem = Authority(tmp_path).issue("git.example").certificate.read_text()
    data = base64.b64encode(pem.encode()).decode()
    added = HostCertificate(server_name="git.example", cert_type="https", cert_data=data)

    stored = with_tls({}, added, upsert=False)

    (listed,) = tls_certificates(stored)
    assert listed.server_name == "git.example"
    assert "git.example" in listed.cert_info
    with pytest.raises(InvalidInputError, match="upsert"):
        with_tls({"git.example": "another"}, added, upsert=False)


def test_what_is_no_certificate_is_refused() -> None:
    data = base64.b64encode(b"hello").decode()
    added = HostCertificate(server_name="git.example", cert_type="https", cert_data=data)
    with pytest.raises(InvalidInputError, match="PEM"):
        with_tls({}, added, upsert=False)
