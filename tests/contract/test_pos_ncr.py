"""NCR's own POSLog, as published: every sale balances, and totals are those of the XML itself."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest

from shared.pos.adapter import Arrival
from shared.pos.registry import ADAPTERS
from shared.retail.rules import problems_of
from shared.retail.transaction import Kind, TenderRole, Transaction

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "pos" / "poslog" / "ncr"
N = "{http://www.nrf-arts.org/IXRetail/namespace/}"
A = "{http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1}"
POSLOG = ADAPTERS["poslog"]

pytestmark = pytest.mark.skipif(
    not (SAMPLES / "POSLog.xml").exists(),
    reason=f"NCR's sample documents are not at {SAMPLES}: nothing was proved",
)


@lru_cache
def arrivals() -> tuple[Arrival, ...]:
    return tuple(POSLOG.read((SAMPLES / "POSLog.xml").read_bytes(), "ncr-9"))


def transactions() -> list[Transaction]:
    return [one.transaction for one in arrivals() if one.transaction is not None]


@lru_cache
def xml() -> ET.Element:
    return ET.parse(SAMPLES / "POSLog.xml").getroot()  # noqa: S314 (a file of our own)


def sum_in_xml(total_type: str) -> Decimal:
    found = [one.text or "" for one in xml().iter(f"{N}Total") if one.get("TotalType") == total_type]
    assert len(found) == 42
    return sum(map(Decimal, found), Decimal(0))


def test_51_transactions_come_out_as_42_sales_and_9_control_transactions() -> None:
    assert len(arrivals()) == len(transactions()) == 51
    kinds = [one.kind for one in transactions()]
    assert (kinds.count(Kind.SALES), kinds.count(Kind.NO_SALE)) == (42, 9)
    assert len({one.transaction_id for one in transactions()}) == 51


def test_every_sale_balances() -> None:
    sales = [one for one in transactions() if one.kind is Kind.SALES]
    assert [(one.transaction_id, problems_of(one)) for one in sales if problems_of(one)] == []
    assert sum(1 for one in sales if one.amount_due == one.amount_paid) == 42


def test_grand_and_tax_totals_are_those_of_the_xml() -> None:
    paid = sum((one.amount_paid for one in transactions()), Decimal(0))
    taxes = sum((line.tax for one in transactions() for line in one.lines), Decimal(0))
    assert paid == sum_in_xml("TransactionGrandAmount")
    assert taxes == sum_in_xml("TransactionTaxAmount")


def test_taxed_lines_net_of_rewards_add_up_to_the_taxable_amount_of_the_xml() -> None:
    stated = {}
    for one in xml().iter(f"{N}Transaction"):
        taxable = [Decimal(tax.text or "") for tax in one.iter(f"{N}TaxableAmount")]
        if taxable:
            stated[one.findtext(f"{N}WorkstationID"), one.findtext(f"{N}SequenceNumber")] = sum(taxable)
    ours = {
        (one.terminal, str(one.sequence_number)): sum(line.net for line in one.lines if line.taxes)
        for one in transactions()
        if any(line.taxes for line in one.lines)
    }
    assert len(stated) == 23
    assert ours == stated


def test_sequence_numbers_are_contiguous_per_terminal_control_transactions_included() -> None:
    numbers = defaultdict(list)
    for one in transactions():
        numbers[one.terminal].append(one.sequence_number or 0)
    assert sorted(numbers) == ["1", "2", "3", "31", "32", "34", "5"]
    for used in numbers.values():
        assert sorted(used) == list(range(min(used), max(used) + 1))


def test_void_pairs_change_and_cashback_are_as_many_as_research_counted() -> None:
    voided = [line for one in transactions() for line in one.voided_lines]
    assert len(voided) == 8
    assert sum(line.gross for line in voided) == sum(line.quantity for line in voided) == 0
    assert sum(len(one.lines) + len(one.voided_lines) for one in transactions()) == 552
    roles = [tender.role for one in transactions() for tender in one.tenders]
    assert (roles.count(TenderRole.CHANGE), roles.count(TenderRole.CASHBACK)) == (6, 3)
    assert sum(1 for one in transactions() for line in one.lines if line.quantity < 0) == 1


def test_each_kept_slice_reads_back_equal() -> None:
    for arrival in arrivals():
        assert POSLOG.read_document(arrival.document, "ncr-9") == arrival.transaction


def test_no_person_of_the_file_is_in_what_is_kept() -> None:
    persons = {one.get("OperatorName", "") for one in xml().iter(f"{N}OperatorID")}
    for name in ("LoyaltyID", "MembershipID", "HouseholdID"):
        persons |= {(one.text or "").strip() for one in xml().iter(f"{A}{name}")}
    persons |= {one.get("Birthdate", "") for one in xml().iter(f"{A}AgeRestriction")}
    persons -= {""}
    assert len(persons) == 18
    kept = b"\n".join(one.document for one in arrivals()).decode()
    assert [one for one in sorted(persons) if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", kept)] == []
    assert "<path" not in kept
    assert "svg" not in kept


def test_the_transaction_after_midnight_counts_for_the_pos_own_day() -> None:
    found = [one.transaction for one in POSLOG.read((SAMPLES / "SMALL.xml").read_bytes(), "ncr-9")]
    days = {(str(one.business_day), str(one.completed_at.date())) for one in found if one}
    assert days == {("2017-09-30", "2017-10-01")}
    assert all(problems_of(one) == () for one in found if one)
