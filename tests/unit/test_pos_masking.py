"""Card numbers and personal data never reach what is kept; item codes and receipt numbers do."""

from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.pos.canonical import IDENTIFIERS
from shared.pos.canonical_model import TransactionModel
from shared.pos.masking import (
    CARD_REMOVED,
    REMOVED,
    is_gtin,
    masked_by_key,
    masked_bytes,
    masked_text,
    masked_tree,
)
from shared.pos.registry import ADAPTERS

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "pos" / "canonical"
# Test numbers that schemes publish: Visa 16, 13 and 19, Mastercard 5 and 2, Amex, Discover, Diners.
CARDS = [
    "4111111111111111",
    "4222222222222",
    "4000000000000000006",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "30569309025904",
]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_is_masked_whole_in_words_and_between_letters(card: str) -> None:
    assert masked_text(card) == CARD_REMOVED
    assert masked_text(f"paid with {card}, thanks") == f"paid with {CARD_REMOVED}, thanks"
    assert masked_text(f"pan:{card}x") == f"pan:{CARD_REMOVED}x"


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u20131111\u20131111\u20131111",
        "4111 - 1111 - 1111 - 1111".replace(" - ", "- "),
        "3782 822463 10005",
        "4000 0000 0000 0000 006",
    ],
)
def test_a_card_number_in_groups_is_masked(text: str) -> None:
    assert masked_text(text) == CARD_REMOVED


def test_a_card_number_in_another_scripts_digits_is_masked() -> None:
    full_width = "".join(unicodedata.lookup(f"FULLWIDTH DIGIT {unicodedata.name(d)[6:]}") for d in CARDS[0])
    arabic = "".join(chr(0x660 + int(digit)) for digit in CARDS[0])
    assert masked_text(full_width) == masked_text(arabic) == CARD_REMOVED


def test_a_card_number_beside_other_numbers_is_found() -> None:
    assert masked_text("lane 12 4111111111111111 17") == f"lane 12 {CARD_REMOVED} 17"
    assert masked_text("2017-12-23 4111 1111 1111 1111") == f"2017-12-23 {CARD_REMOVED}"


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # fails Luhn
        "1111111111111117",  # no issuer begins with 1
        "9111111111111111",
        "4006381333023",  # a GTIN that begins with 4 and passes Luhn by chance
        "00852421006143",  # a GTIN padded to 14
        "12345678901234567.89",
        "411111111111",  # 12 digits
        "0000000000000003141592653",  # 25 digits in a row are no card with something around it
        "2017-12-23T18:04:05-05:00",
    ],
)
def test_what_is_no_card_number_stays(text: str) -> None:
    assert masked_text(text) == text


def test_a_gtin_is_known_by_its_check_digit() -> None:
    assert [is_gtin(one) for one in ("4006381333931", "96385074", "036000291452", "00852421006143")] == [
        True
    ] * 4
    assert [is_gtin(one) for one in ("4006381333932", "4222222222222", "123", "٤٠٠٦٣٨١٣٣٣٩٣١")] == [False] * 4


def test_track_data_is_masked_with_all_that_is_in_it() -> None:
    assert masked_text("%B4111111111111111^NOBODY/N^25121010000000000?") == CARD_REMOVED
    assert masked_text("swipe ;4111111111111112=25121010000012345678? end") == f"swipe {CARD_REMOVED} end"


@pytest.mark.parametrize(
    ("key", "mark"),
    [
        ("cvv", CARD_REMOVED),
        ("Track2", CARD_REMOVED),
        ("PIN_block", CARD_REMOVED),
        ("card-number", CARD_REMOVED),
        ("name", REMOVED),
        ("First_Name", REMOVED),
        ("lastName", REMOVED),
        ("customer_email", REMOVED),
        ("phone", REMOVED),
        ("billingAddress", REMOVED),
        ("address_line_2", REMOVED),
        ("birthdate", REMOVED),
        ("LoyaltyID", REMOVED),
        ("loyalty_number", REMOVED),
        ("card_cvv", CARD_REMOVED),
        ("cvv_code", CARD_REMOVED),
        ("payment_cvc2", CARD_REMOVED),
        ("online_pin", CARD_REMOVED),
        ("card_track2", CARD_REMOVED),
        ("payment_card_number", CARD_REMOVED),
        ("customer_last_name", REMOVED),
        ("customerFirstName", REMOVED),
        ("billing_name", REMOVED),
        ("account_holder", REMOVED),
        ("customer_iban", REMOVED),
        ("email_1", REMOVED),
        ("shipping_postcode", REMOVED),
    ],
)
def test_a_value_goes_by_its_key_whatever_it_is(key: str, mark: str) -> None:
    for value in ("x", 7, Decimal("1.5"), {"a": 1}, ["b"]):
        assert masked_tree({"extra": {"deep": [{key: value}]}}) == {"extra": {"deep": [{key: mark}]}}
    for nothing in (None, False, "false", ""):
        assert masked_tree({"extra": {key: nothing}}) == {"extra": {key: nothing}}


@pytest.mark.parametrize(
    "key",
    [
        "product_name",
        "tracking",
        "pinned",
        "shopping",
        "gzip",
        "item_number",
        "recv",
        "discount_code",
        "gift_card_number",
    ],
)
def test_a_key_that_only_sounds_like_it_stays(key: str) -> None:
    assert masked_tree({"extra": {key: "x"}}) == {"extra": {key: "x"}}


def test_no_field_of_the_schema_is_taken_for_personal_data() -> None:
    names: set[str] = set(TransactionModel.model_fields)
    for definition in TransactionModel.model_json_schema()["$defs"].values():
        names |= set(definition.get("properties", {}))
    assert [name for name in sorted(names) if masked_by_key(name, "x") != "x"] == []


def test_typed_identifiers_are_exempt_and_nothing_below_extra_is() -> None:
    ids = {
        "item": CARDS[0],
        "receipt_number": CARDS[0],
        "sequence_number": int(CARDS[0]),
        "gtin": "30569309025904",
    }
    assert masked_tree(ids, IDENTIFIERS) is ids
    masked = {"item": CARD_REMOVED, "receipt_number": CARD_REMOVED, "sequence_number": CARD_REMOVED}
    assert masked_tree({"extra": ids}, IDENTIFIERS) == {"extra": masked | {"gtin": CARD_REMOVED}}
    assert masked_tree({"gtin": CARDS[0]}, IDENTIFIERS) == {"gtin": CARD_REMOVED}
    assert masked_tree({"item": {"pan": CARDS[0]}}, IDENTIFIERS) == {"item": {"pan": CARD_REMOVED}}


def test_a_number_that_is_a_card_is_masked_and_an_amount_is_not() -> None:
    tree = {
        "a": 4111111111111111,
        "b": Decimal("4111111111111111.0"),
        "c": Decimal("4111111111111111.5"),
        "d": True,
    }
    assert masked_tree(tree) == {
        "a": CARD_REMOVED,
        "b": CARD_REMOVED,
        "c": Decimal("4111111111111111.5"),
        "d": True,
    }


def test_a_key_that_is_a_card_is_masked_without_losing_its_neighbour() -> None:
    tree = {"extra": {"4111111111111111": 1, "5555555555554444": 2}}
    assert masked_tree(tree) == {"extra": {CARD_REMOVED: 1, f"{CARD_REMOVED}_": 2}}


def planted(**places: object) -> bytes:
    whole: dict[str, Any] = json.loads((FIXTURES / "sale__split_tender_with_change.json").read_text("utf-8"))
    whole["tenders"][0]["card"]["reference"] = places.get("reference", "psp-1")
    whole["lines"][0] |= {"description": places.get("description", "SOUP"), "gtin": places.get("gtin")}
    whole["extra"] = places.get("extra", {})
    (arrival,) = ADAPTERS["canonical"].read(json.dumps({"transactions": [whole]}).encode(), "east")
    assert arrival.transaction is not None, arrival.problems
    assert ADAPTERS["canonical"].read_document(arrival.document, "east") == arrival.transaction
    return arrival.document


def test_cards_planted_in_a_receipt_are_gone_from_what_is_kept() -> None:
    kept = planted(
        reference="4111111111111111",
        description="card 4111-1111-1111-1111",
        extra={
            "note": "call 5555 5555 5555 4444, a@example.com",
            "pay": [{"no": 378282246310005, "cvv": "123"}],
        },
    )
    for secret in (b"4111", b"5555", b"378282246310005", b"123", b"example.com"):
        assert secret not in kept.replace(b"2017-12-23", b"")
    assert kept.count(CARD_REMOVED.encode()) == 5


def test_a_gtin_in_a_receipt_stays() -> None:
    assert b"4006381333023" in planted(gtin="4006381333023", description="scan 4006381333023")


def test_a_refused_receipt_is_masked_and_so_are_its_problems() -> None:
    body = json.dumps(
        {"transactions": [{"store": "1", "pan": "4111111111111111", "tender": "4111111111111111"}]}
    )
    (arrival,) = ADAPTERS["canonical"].read(body.encode(), "east")
    assert arrival.transaction is None
    assert b"4111" not in arrival.document
    assert all("4111" not in f"{one.field}{one.found}" for one in arrival.problems)


def test_bytes_nobody_can_parse_are_scanned_too() -> None:
    sent = b'{"store":"1","store":"\\u0034111111111111111","mail":"a@example.com","phone" : 5551234}'
    (arrival,) = ADAPTERS["canonical"].read(b'{"transactions":[' + sent + b"]}", "east")
    assert arrival.transaction is None
    assert (
        arrival.document == b'{"store":"1","store":"[card removed]","mail":"[removed]","phone":"[removed]"}'
    )
    assert masked_bytes(b"\xff\x00 nothing here") == b"\xff\x00 nothing here"


CARD_LIKE = some.text(alphabet="0123456789 -4\u0664x", max_size=60)
TREES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.sampled_from(CARDS) | CARD_LIKE | some.text(),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from(["name", "extra", "item", "pan", "a"]) | CARD_LIKE, inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(CARD_LIKE | some.text())
def test_masking_a_text_twice_changes_nothing_more(text: str) -> None:
    once = masked_text(text, free=True)
    assert masked_text(once, free=True) == once


@given(TREES)
def test_masking_a_tree_twice_changes_nothing_more(tree: object) -> None:
    once = masked_tree(tree, IDENTIFIERS)
    assert masked_tree(once, IDENTIFIERS) is once
