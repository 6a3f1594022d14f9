"""Mapping exactly: what is mapped, what is held and for which cause, and mappings as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from shared.errors import RejectedError
from shared.retail.mapped import MappedTransaction
from shared.retail.mapping import MappingRow, Mappings, map_transaction
from shared.retail.mapping_csv import KINDS, read_mapping_csv, write_mapping_csv
from shared.retail.reasons import OWNERS, REASONS
from shared.retail.shift import Shift
from shared.retail.transaction import CashMovement, Disposition, Kind, Link, LinkRole
from tests.unit.builders import DAY, NOON, refund, sale

STORE = {
    "store": "S1", "legal_entity": "usrt", "store_number": "NY01", "operating_unit": "052", "channel_id": "5637",
    "warehouse": "NYWH", "site": "NY", "tax_group": "NYT", "currency": "USD", "prices_include_tax": "no",
    "time_zone": "America/New_York", "closing_time": "00:00", "customer_account": "C1", "account": "east",
    "rounding_limit": "0.05",
    "grace_minutes": "", "quarantine_warehouse": "", "scrap_warehouse": "", "no_receipt_limit": "",
    "map_staff": "",
}  # fmt: skip
ROWS = {
    ("stores", "S1"): STORE,
    ("terminals", "S1", "1"): {"store": "S1", "terminal": "1", "register": "NY01-1"},
    ("tenders", "*", "CASH"): {"store": "*", "tender": "CASH", "payment_method": "1"},
    ("taxes", "VAT20"): {"code": "VAT20", "tax_code": "V20", "item_tax_group": "FULL"},
    ("taxes", "NONE"): {"code": "NONE", "tax_code": "", "item_tax_group": "NONE"},
    ("items", "1001"): {"item": "1001", "item_number": "D1001", "unit": "ea"},
    ("dispositions", "RESTOCK"): {"disposition": "RESTOCK", "effect": "resaleable"},
    ("reasons", "WINDOW"): {"reason": "WINDOW", "account_number": "EXP1", "account_type": "Expense"},
}  # fmt: skip


def mappings(**changes: dict[str, str] | None) -> Mappings:
    rows = {key: (MappingRow(values, 1),) for key, values in ROWS.items()}
    for name, values in changes.items():
        key = tuple(name.split("__"))
        key = tuple("*" if part == "any" else part for part in key)
        if values is None:
            rows.pop(key)
        else:
            rows[key] = (MappingRow(values, 1),)
    return Mappings(1, rows)


def mapped(
    transaction: object = None, known: Mappings | None = None, shifts: tuple[Shift, ...] = ()
) -> MappedTransaction:
    outcome = map_transaction(transaction or sale(), DAY, known or mappings(), shifts)  # type: ignore[arg-type]
    assert isinstance(outcome, MappedTransaction), outcome
    return outcome


def held_for(transaction: object, known: Mappings, shifts: tuple[Shift, ...] = ()) -> list[tuple[str, str]]:
    outcome = map_transaction(transaction, DAY, known, shifts)  # type: ignore[arg-type]
    assert isinstance(outcome, tuple), "it was mapped"
    return [(one.code, one.value) for one in outcome]


def test_every_code_of_a_sound_receipt_is_resolved() -> None:
    one = mapped()
    assert (one.key.legal_entity, one.key.operating_unit, one.key.terminal) == ("usrt", "052", "NY01-1")
    assert one.key.transaction_number == "east:T1"
    assert (one.lines[0].item_number, one.lines[0].warehouse, one.lines[0].item_tax_group) == (
        "D1001",
        "NYWH",
        "FULL",
    )
    assert one.lines[0].tax_codes == ("V20",)
    assert [tender.payment_method for tender in one.tenders] == ["1", "1"]
    assert one.local_completed_at.isoformat() == "2017-12-23T12:00:00-05:00"
    assert one.mapping_version == 1


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("tenders__any__CASH", ("tender_unmapped", "CASH")),
        ("taxes__VAT20", ("tax_unmapped", "VAT20")),
        ("items__1001", ("item_unmapped", "1001")),
        ("terminals__S1__1", ("terminal_unmapped", "S1 till 1")),
        ("stores__S1", ("store_unknown", "S1")),
    ],
)
def test_a_missing_mapping_holds_the_receipt_for_its_own_cause(missing: str, cause: tuple[str, str]) -> None:
    assert held_for(sale(), mappings(**{missing: None})) == [cause]


def test_a_store_without_a_warehouse_is_named_first() -> None:
    known = mappings(stores__S1=STORE | {"warehouse": ""}, tenders__any__CASH=None)
    assert held_for(sale(), known) == [("warehouse_missing", "S1"), ("tender_unmapped", "CASH")]


def test_a_stores_own_tender_row_wins_over_the_general_one() -> None:
    known = mappings(tenders__S1__CASH={"store": "S1", "tender": "CASH", "payment_method": "9"})
    assert mapped(known=known).tenders[0].payment_method == "9"


def test_rounding_beyond_the_stores_limit_is_held() -> None:
    whole = replace(sale(), rounding=(type("R", (), {"amount": Decimal("0.06"), "reason": None})(),))
    assert held_for(whole, mappings()) == [("does_not_balance", "I7 rounding")]


def test_two_taxes_of_different_item_groups_on_one_line_are_held() -> None:
    line = sale().lines[0]
    two = replace(sale(), lines=(replace(line, taxes=(line.taxes[0], replace(line.taxes[0], code="CITY"))),))
    known = mappings(taxes__CITY={"code": "CITY", "tax_code": "C", "item_tax_group": "OTHER"})
    assert held_for(two, known) == [("tax_unmapped", "CITY + VAT20")]


def test_a_return_names_its_original_in_d365_and_its_disposition_must_be_mapped() -> None:
    line = replace(
        refund().lines[0], disposition=Disposition.RESTOCK,
        original=Link(LinkRole.ORIGINAL, transaction_id="T1", terminal="1", line_number=1),
    )  # fmt: skip
    one = mapped(replace(refund(), lines=(line,)))
    assert one.lines[0].returns is not None
    key, number = one.lines[0].returns
    assert (key.transaction_number, key.terminal, number) == ("east:T1", "NY01-1", 1)
    scrap = replace(refund(), lines=(replace(line, disposition=Disposition.SCRAP),))
    assert held_for(scrap, mappings()) == [("disposition_unmapped", "SCRAP")]


def test_money_taken_out_needs_an_account_for_its_reason() -> None:
    paid_out = replace(
        sale(),
        kind=Kind.PAID_OUT,
        lines=(),
        tenders=(),
        cash_movement=CashMovement("CASH", Decimal("-20.00"), "WINDOW"),
    )
    assert mapped(paid_out).income_account == "EXP1"
    unknown = replace(paid_out, cash_movement=CashMovement("CASH", Decimal("-20.00"), "TAXI"))
    assert held_for(unknown, mappings()) == [("reason_unmapped", "TAXI")]


def test_a_receipt_in_an_overlap_is_held_and_after_the_decision_counts_for_the_next_shift() -> None:
    late = replace(sale(), shift="1", completed_at=NOON + timedelta(minutes=5))
    open_shifts = (Shift("1", "1", NOON - timedelta(hours=4)), Shift("1", "2", NOON))
    assert held_for(late, mappings(), open_shifts) == [("shift_overlap", "S1 till 1 2017-12-23 shift 1")]
    ended = (replace(open_shifts[0], closed_at=NOON, ended_by="store desk"), open_shifts[1])
    assert mapped(late, shifts=ended).shift == "2"
    assert mapped(late, shifts=ended).shift_number == 20171223010002


def test_a_receipt_without_a_shift_gets_the_days_own() -> None:
    assert mapped().shift == "day-20171223"


def test_mappings_are_dated_and_versioned() -> None:
    old, new = (
        {"store": "*", "tender": "CASH", "payment_method": "1"},
        {"store": "*", "tender": "CASH", "payment_method": "2"},
    )
    rows: dict[tuple[str, ...], tuple[MappingRow, ...]] = {
        ("tenders", "*", "CASH"): (MappingRow(old, 1), MappingRow(new, 2, date(2018, 1, 1)))
    }
    known = Mappings(2, rows)
    assert known.find("tenders", "*", "CASH", day=date(2017, 12, 31)) == old
    assert known.find("tenders", "*", "CASH", day=date(2018, 1, 1)) == new
    assert known.at_version(1).find("tenders", "*", "CASH", day=date(2018, 1, 1)) == old


def test_every_reason_has_an_owner_and_four_texts() -> None:
    for code, reason in REASONS.items():
        assert reason.code == code
        assert reason.owner in OWNERS
        assert all((reason.what_happened, reason.why, reason.holds_up, reason.do_this, reason.fault)), code


CSV = b"store,tender,payment_method\n*,CASH,1\nS1,CARD,2\n"


def test_a_csv_is_read_and_written_back() -> None:
    rows, problems = read_mapping_csv(KINDS["tenders"], CSV)
    assert problems == []
    assert rows[1] == {"store": "S1", "tender": "CARD", "payment_method": "2"}
    assert write_mapping_csv(KINDS["tenders"], rows).encode().replace(b"\r", b"") == CSV


@pytest.mark.parametrize(
    ("content", "row", "column"),
    [
        (CSV + b"S1,CARD,3\n", 4, "store, tender"),
        (CSV + b"S1,,3\n", 4, "tender"),
        (CSV + b"S1,X,12345678901\n", 4, "payment_method"),
        (CSV + b"S1,=1+1,3\n", 4, "tender"),
        (CSV + b"S1,X\n", 4, ""),
        (CSV + b"S1,X,3,4\n", 4, ""),
    ],
)
def test_a_mistake_in_a_csv_is_named_by_row_and_column(content: bytes, row: int, column: str) -> None:
    _, problems = read_mapping_csv(KINDS["tenders"], content)
    assert [(problem.row, problem.column) for problem in problems] == [(row, column)]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"store,tender\n*,CASH\n", b"a,b\n", b"", b"store,store,tender,payment_method\n"]
)
def test_a_file_that_is_none_of_ours_is_refused_whole(content: bytes) -> None:
    with pytest.raises(RejectedError):
        read_mapping_csv(KINDS["tenders"], content)


def test_a_store_row_with_an_unknown_zone_is_told() -> None:
    columns = ("store", *KINDS["stores"].columns)
    content = (
        ",".join(columns)
        + "\n"
        + ",".join(
            (STORE | {"time_zone": "Mars/Base", "rounding_limit": "x"}).get(name, "") for name in columns
        )
        + "\n"
    )
    _, problems = read_mapping_csv(KINDS["stores"], content.encode())
    assert [problem.column for problem in problems] == ["time_zone", "rounding_limit"]
