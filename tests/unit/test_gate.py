"""The gate: what opens it, and that whatever is only nearly right does not."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import Clock
from shared.errors import ForbiddenError
from shared.gate import admit_person, admit_sender
from shared.settings import Person, Sender, Settings
from tests.unit.flow_services import Hand, settings_for

NOW = datetime(2017, 12, 23, 18, 0, tzinfo=UTC)
FIRST, SECOND = "the first secret of east", "the second secret of east"
BODY = b'{"transactions": []}'
# Written down once: hex HMAC-SHA256 of "1514052000\nPOST\n/api/transactions\n" and the body, under the first secret.
KNOWN = "772368c223e78fb8ce5ecaef105d3b083752b57be4469049160bbef8cd746092"


def settings() -> Settings:
    people = tuple(
        Person(name, frozenset(roles), hashlib.sha256(f"key of {name}".encode()).hexdigest())
        for name, roles in (("auditor", ["reader"]), ("desk", ["finance", "it"]))
    )
    senders = {
        "east": Sender("east", (FIRST, SECOND), frozenset({"*"})),
        "shop": Sender("shop", ("the secret of one shop",), frozenset({"S2"})),
    }
    return replace(settings_for(Hand()), senders=senders, people=people)


def headers(
    secret: str = FIRST, *, stamp: str = "1514052000", account: str = "east", body: bytes = BODY
) -> dict[str, str]:
    message = f"{stamp}\nPOST\n/api/transactions\n".encode() + body
    signature = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return {"X-Tillpost-Account": account, "X-Tillpost-Timestamp": stamp, "X-Tillpost-Signature": signature}


def admitted(
    given: dict[str, str], *, now: datetime = NOW, path: str = "/api/transactions", body: bytes = BODY
) -> str:
    return admit_sender(settings(), given, "POST", path, body, now).account


def test_a_signature_is_the_one_that_was_written_down() -> None:
    assert headers()["X-Tillpost-Signature"] == KNOWN
    assert admitted(headers()) == "east"


@pytest.mark.parametrize("secret", [FIRST, SECOND])
def test_both_live_secrets_open(secret: str) -> None:
    assert admitted(headers(secret)) == "east"


def test_names_of_headers_and_the_signatures_letters_may_be_of_any_case() -> None:
    given = {
        name.lower(): value.upper() if "Signature" in name else value for name, value in headers().items()
    }
    assert admitted(given) == "east"


@pytest.mark.parametrize("seconds", [-300, -1, 0, 299, 300])
def test_five_minutes_either_way_are_fresh(seconds: int) -> None:
    assert admitted(headers(), now=NOW + timedelta(seconds=seconds)) == "east"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_more_than_five_minutes_either_way_are_not(seconds: int) -> None:
    with pytest.raises(ForbiddenError):
        admitted(headers(), now=NOW + timedelta(seconds=seconds))


def test_on_a_fast_clock_the_window_is_five_minutes_of_the_machines() -> None:
    fast = replace(settings(), clock=Clock(NOW, NOW, 1800.0))
    for seconds, is_fresh in ((300 * 1800, True), (300 * 1800 + 1, False)):
        now = NOW + timedelta(seconds=seconds)
        if is_fresh:
            admit_sender(fast, headers(), "POST", "/api/transactions", BODY, now)
            continue
        with pytest.raises(ForbiddenError):
            admit_sender(fast, headers(), "POST", "/api/transactions", BODY, now)


@pytest.mark.parametrize(
    "given",
    [
        {},
        headers("another secret altogether"),
        headers(account="nobody"),
        headers("no such account", account="nobody"),
        headers(account="shop"),
        headers(body=BODY + b" "),
        headers("", account=""),
        {**headers(), "X-Tillpost-Signature": ""},
        {**headers(), "X-Tillpost-Signature": "é"},
        {**headers(), "X-Tillpost-Signature": "\udcff"},
        {**headers(), "X-Tillpost-Account": "\udcff"},
        {**headers(), "X-Tillpost-Timestamp": "\udcff"},
        {**headers(), "X-Tillpost-Timestamp": "1514052001"},
        *(headers(stamp=stamp) for stamp in ("", "soon", "-1514052000", "1514052000.0", " 1514052000", "1" * 13)),
        headers(stamp="１５１４０５２０００"),
    ],
)  # fmt: skip
def test_what_is_nearly_right_is_refused_with_401_and_one_sentence(given: dict[str, str]) -> None:
    with pytest.raises(ForbiddenError) as refused:
        admitted(given)
    assert refused.value.status == 401
    assert (
        str(refused.value) == "the request is not signed by a source account known here, or its time is off"
    )


@pytest.mark.parametrize(
    ("path", "body"), [("/api/pos/poslog", BODY), ("/api/transactions", b""), ("", BODY)]
)
def test_a_signature_is_for_its_path_and_its_bytes_alone(path: str, body: bytes) -> None:
    with pytest.raises(ForbiddenError):
        admitted(headers(), path=path, body=body)


def test_an_account_may_send_for_its_stores_only() -> None:
    senders = settings().senders
    assert senders["east"].may_send_for("S1")
    assert senders["shop"].may_send_for("S2")
    assert not senders["shop"].may_send_for("S1")


def person(given: str, *roles: str) -> str:
    return admit_person(settings(), {"Authorization": given}, *roles).name


def test_a_key_opens_for_its_person_and_any_of_the_roles_is_enough() -> None:
    assert person("Bearer key of auditor") == "auditor"
    assert person("bearer key of desk", "store_operations", "it") == "desk"


def test_a_known_person_without_the_role_is_told_which_it_takes() -> None:
    with pytest.raises(ForbiddenError, match="finance or it") as refused:
        person("Bearer key of auditor", "finance", "it")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer wrong", "key of desk", "Basic key of desk", "Bearer key of desk ", "Bearer \udcff",
     "Bearer é", f"Bearer {hashlib.sha256(b'key of desk').hexdigest()}"],
)  # fmt: skip
def test_an_unknown_key_is_refused_whatever_role_was_asked(given: str) -> None:
    for roles in ((), ("finance",)):
        with pytest.raises(ForbiddenError) as refused:
            person(given, *roles)
        assert refused.value.status == 401


def test_what_a_platform_says_of_the_caller_is_not_believed() -> None:
    with pytest.raises(ForbiddenError):
        admit_person(settings(), {"X-MS-CLIENT-PRINCIPAL-NAME": "desk", "X-MS-CLIENT-PRINCIPAL-ID": "1"})
