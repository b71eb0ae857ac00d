"""Signatures: what a project demands, and what gpg's words mean."""

from typing import Any

import pytest

from tiphys.engine.integrity import (
    SignatureMode,
    SignaturePolicy,
    signature_policy,
    signature_problem,
)
from tiphys.model.errors import InvalidInputError
from tiphys.model.project import AppProjectSpec
from tiphys.sources.addresses import normalise_url

KEY = "4AEE18F83AFDEB23"
FINGERPRINT = "5DE3E0509C47EA3CF04A42D34AEE18F83AFDEB23"
VALID = f"[GNUPG:] VALIDSIG {FINGERPRINT} 2026-01-01 1 0 4 0 1 10 00 {FINGERPRINT}\n"
GOOD = f"[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG {KEY} A B <a@b>\n{VALID}[GNUPG:] TRUST_FULLY 0 always\n"


@pytest.mark.parametrize(
    ("told", "allowed", "problem"),
    [
        pytest.param(GOOD, [KEY], "", id="good"),
        pytest.param(GOOD, [FINGERPRINT], "", id="allowed by fingerprint"),
        pytest.param("", [KEY], "unsigned", id="nothing is said"),
        pytest.param("error: no signature found\n", [KEY], "unsigned", id="no signature"),
        pytest.param(GOOD, [], f"signed with unallowed key (key_id={KEY})", id="no key is allowed"),
        pytest.param(
            GOOD, ["0" * 16], f"signed with unallowed key (key_id={KEY})", id="another is allowed"
        ),
        pytest.param(
            GOOD, [KEY[8:]], f"signed with unallowed key (key_id={KEY})", id="a short id is none"
        ),
        pytest.param(
            f"[GNUPG:] BADSIG {KEY} A\n", [KEY], f"bad signature (key_id={KEY})", id="bad"
        ),
        pytest.param(
            f"{GOOD}[GNUPG:] BADSIG {KEY} A\n",
            [KEY],
            f"bad signature (key_id={KEY})",
            id="a good one and a bad one",
        ),
        pytest.param(GOOD + GOOD, [KEY], "bad signature", id="two good ones"),
        pytest.param(
            f"[GNUPG:] EXPKEYSIG {KEY} A\n{VALID}",
            [KEY],
            f"signed with expired key (key_id={KEY})",
            id="expired key",
        ),
        pytest.param(
            f"[GNUPG:] EXPSIG {KEY} A\n{VALID}",
            [KEY],
            f"expired signature (key_id={KEY})",
            id="expired signature",
        ),
        pytest.param(
            f"[GNUPG:] REVKEYSIG {KEY} A\n{VALID}",
            [KEY],
            f"signed with revoked key (key_id={KEY})",
            id="revoked key",
        ),
        pytest.param(
            f"[GNUPG:] ERRSIG {KEY} 1 10 00 1 9 {FINGERPRINT}\n[GNUPG:] NO_PUBKEY {KEY}\n",
            [KEY],
            f"signed with key not in keyring (key_id={KEY})",
            id="unknown key",
        ),
        pytest.param(
            GOOD.replace("TRUST_FULLY", "TRUST_NEVER"),
            [KEY],
            f"signed with untrusted key (key_id={KEY})",
            id="a key that is not trusted",
        ),
        pytest.param(f"[GNUPG:] GOODSIG {KEY} A\n", [KEY], "bad signature", id="good, not valid"),
        pytest.param(
            f"gpg: Good signature [GOODSIG {KEY}]\n",
            [KEY],
            "unsigned",
            id="words that are no status",
        ),
    ],
)
def test_what_gpg_says_is_understood(told: str, allowed: list[str], problem: str) -> None:
    assert signature_problem(told, allowed) == problem


def policy(url: str, *, mode: str = "head", more: list[dict[str, Any]] | None = None) -> Any:
    first = {"repos": [{"url": url}], "gpg": {"mode": mode, "keys": [KEY.lower()]}}
    return AppProjectSpec(source_integrity={"git": {"policies": [first, *(more or [])]}})


REPO = "https://git.example.com/shop/web.git"


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        pytest.param(AppProjectSpec(), None, id="nothing is demanded"),
        pytest.param(
            AppProjectSpec(signature_keys=({"keyID": KEY},)),
            SignaturePolicy(SignatureMode.HEAD, (KEY,)),
            id="keys for all repositories",
        ),
        pytest.param(
            policy("https://git.example.com/shop/*"),
            SignaturePolicy(SignatureMode.HEAD, (KEY,)),
            id="a policy for the repository",
        ),
        pytest.param(policy("*", mode="none"), None, id="a policy that demands nothing"),
        pytest.param(policy("https://other.example.com/*"), None, id="a policy for another"),
        pytest.param(
            policy("*", mode="strict"),
            SignaturePolicy(SignatureMode.STRICT, (KEY,)),
            id="the whole history",
        ),
        pytest.param(
            AppProjectSpec(
                source_integrity={
                    "git": {
                        "policies": [
                            {"repos": [{"url": "*"}, {"url": "!https://git.example.com/shop/*"}]}
                        ]
                    }
                }
            ),
            None,
            id="an exception",
        ),
    ],
)
def test_a_repository_has_the_policy_that_is_meant_for_it(
    project: AppProjectSpec, expected: SignaturePolicy | None
) -> None:
    assert signature_policy(project, REPO, normalise_url) == expected


@pytest.mark.parametrize(
    "project",
    [
        pytest.param(policy("*", more=[{"repos": [{"url": "*"}]}]), id="two are meant"),
        pytest.param(policy("*", mode="hea"), id="a mode that nobody knows"),
        pytest.param(AppProjectSpec(source_integrity={"git": {"policies": "x"}}), id="no list"),
    ],
)
def test_policies_that_make_no_sense_stop_everything(project: AppProjectSpec) -> None:
    """Fails when such a project is treated as one that demands nothing."""
    with pytest.raises(InvalidInputError):
        signature_policy(project, REPO, normalise_url)
