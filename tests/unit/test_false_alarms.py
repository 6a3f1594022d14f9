"""Numbers that look like a card's by chance: rare where they can be told apart, harmless where they cannot."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from benchmarks.false_alarms import CLASSES, changed_when_typed, rates
from shared.pos.masking import CARD_REMOVED
from shared.pos.registry import ADAPTERS
from shared.retail.identity import content_hash
from tests.unit.documents import call_of, sale_document

CANONICAL = ADAPTERS["canonical"]
NEVER = (
    "GTIN-8", "GTIN-12", "GTIN-13", "reference of 12 digits", "receipt number, store-till-number", "amounts in a row",
    "two telephone numbers", "telephone number in pairs", "time stamp, 14 digits", "time stamp, 17 digits",
    "time stamp, ISO 8601", "milliseconds since 1970",
)  # fmt: skip
SOMETIMES = (
    "GTIN-14",
    "reference of 16 digits",
    "order id of 19 digits",
    "receipt number, day and number in one",
)


def test_what_can_be_told_apart_is_never_masked_and_the_rest_as_often_as_luhn_lets_it() -> None:
    found = rates(2_000)
    assert {name: found[name] for name in NEVER} == dict.fromkeys(NEVER, 0.0)
    assert found["UUID"] < 0.005
    assert all(rate < 0.2 for rate in found.values()), found


def test_in_typed_fields_nothing_is_changed() -> None:
    assert changed_when_typed(1_000) == 0


@pytest.mark.parametrize("name", SOMETIMES)
def test_a_receipt_with_a_false_alarm_is_read_with_its_ids_and_amounts_as_sent(name: str) -> None:
    dice, masked = random.Random(3), 0
    for _ in range(60):
        number = CLASSES[name](dice)
        document = sale_document(
            transaction_id=number, receipt_number=number, extra={"note": f"see {number}"}
        )
        document["lines"][0]["item"] = number
        (arrival,) = CANONICAL.read(call_of(document), "east")
        one = arrival.transaction
        assert one is not None, arrival.reason
        assert (one.transaction_id, one.receipt_number, one.lines[0].item) == (number, number, number)
        assert sum(tender.amount for tender in one.tenders) == Decimal("24.00")
        kept = CANONICAL.read_document(arrival.document, "east")
        assert (kept, content_hash(kept)) == (one, content_hash(one))
        assert one.extra["note"] in (f"see {number}", f"see {CARD_REMOVED}")
        masked += one.extra["note"] != f"see {number}"
    assert masked > 0
