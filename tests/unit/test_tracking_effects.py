"""What a posted receipt rests on, line by line: confirmed by a row of D365, or unknown with the reason."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from shared.d365.records import AuditableRow, Invoice, PostedStatement, StatementEvidence
from shared.flows.tracking.ask import _ask_evidence, _Turn
from shared.flows.tracking.effects import rests_on
from shared.retail.mapped import D365Key
from tests.unit.flow_services import run

AT = datetime(2017, 12, 23, 20, tzinfo=UTC)
JOURNAL = PostedStatement("usrt", "STMT-1", "NY01", AT, Decimal(48), Decimal(8))
ALL = StatementEvidence(
    JOURNAL, was_asked=True, vouchers=("V-1", "V-2", "V-3", "V-4"),
    invoices=(
        Invoice("usrt", "INV-1", "SO-1", Decimal(48), "V-1"), Invoice("usrt", "CN-1", "SO-2", Decimal(-12), "V-2"),
    ),
)  # fmt: skip
NOTHING = StatementEvidence(JOURNAL)
POSTED = "posted: statement STMT-1 of 2017-12-23, by RetailStatementJourBIEntities"
VOUCHERS = "vouchers: V-1, V-2, V-3 and 1 more, by RetailStatementVoucherBIEntities"
STOCK = "stock receipt: unknown since 2017-12-23; no set shows the stock movements of one receipt"
NOT_SHOWN = "is not shown or was not asked"


def seen(order: str) -> AuditableRow:
    return AuditableRow(
        D365Key("usrt", "052", "NY01-1", "1"), "NY01", date(2017, 12, 23), "Successful", AT, "STMT-1", order, "",
        Decimal(-24), Decimal(-20), Decimal(24), "P1",
    )  # fmt: skip


def test_a_sale_rests_on_its_statement_its_orders_invoice_and_the_vouchers() -> None:
    rests = rests_on(seen("SO-1"), ALL, "SALE")
    assert rests.lines == (
        POSTED, "invoice: INV-1 of order SO-1, by SalesInvoiceHeadersV2", VOUCHERS,
    )  # fmt: skip
    assert (rests.invoice, rests.credit_note) == ("INV-1", "")


def test_a_return_is_credited_and_its_stock_receipt_is_never_assumed() -> None:
    rests = rests_on(seen("SO-2"), ALL, "RETURN")
    assert rests.lines == (POSTED, "credit note: CN-1, by SalesInvoiceHeadersV2", STOCK, VOUCHERS)
    assert (rests.invoice, rests.credit_note) == ("", "CN-1")


def test_a_return_that_shares_an_order_with_sales_has_no_credit_note_of_its_own() -> None:
    rests = rests_on(seen("SO-1"), ALL, "RETURN")
    assert (
        rests.lines[1] == "credit note: within invoice INV-1, which also holds sales; not confirmed by itself"
    )
    assert rests.credit_note == ""


def test_where_d365_names_no_order_all_orders_of_the_statement_count() -> None:
    rests = rests_on(seen(""), ALL, "SALE")
    assert rests.lines[1] == "invoice: INV-1 of its orders, by SalesInvoiceHeadersV2"


def test_two_invoices_of_a_statement_belong_to_no_receipt_in_particular() -> None:
    two = replace(ALL, invoices=(*(ALL.invoices or ()), Invoice("usrt", "INV-2", "SO-3", Decimal(5), "V-3")))
    assert rests_on(seen(""), two, "SALE").invoice == ""


def test_what_d365_does_not_show_is_unknown() -> None:
    rests = rests_on(seen("SO-2"), NOTHING, "EXCHANGE")
    assert rests.lines == (
        POSTED,
        f"invoice: unknown for order SO-2; SalesInvoiceHeadersV2 {NOT_SHOWN}",
        f"credit note: unknown; SalesInvoiceHeadersV2 {NOT_SHOWN}",
        STOCK,
        f"vouchers: unknown; RetailStatementVoucherBIEntities {NOT_SHOWN}",
    )
    assert (rests.invoice, rests.credit_note) == ("", "")


def test_a_set_without_such_a_row_confirms_nothing_either() -> None:
    empty = StatementEvidence(JOURNAL, was_asked=True, invoices=(), vouchers=())
    assert rests_on(seen("SO-1"), empty, "SALE").lines[1:] == (
        "invoice: unknown for order SO-1; SalesInvoiceHeadersV2 has no such row",
        "vouchers: unknown; RetailStatementVoucherBIEntities has no such row",
    )


def test_money_paid_in_or_out_has_no_invoice() -> None:
    assert rests_on(seen(""), ALL, "MONEY_ONLY").lines == (POSTED, VOUCHERS)


def test_a_statement_that_another_turn_dropped_meanwhile_is_asked_about_again_and_breaks_nothing() -> None:
    number = ("usrt", "STMT-1")
    known = {number: StatementEvidence(JOURNAL)}

    class D365:
        def __init__(self) -> None:
            self.calls: Counter[str] = Counter()

        async def vouchers(self, _: object) -> list[object]:
            known.pop(number)
            return []

    services: Any = SimpleNamespace(d365=D365(), posted_statements=known, log=logging.getLogger("test"))
    run(_ask_evidence(services, _Turn(services), [], []))
    assert known == {}


def test_a_credit_is_unknown_only_where_no_invoice_of_the_returns_own_order_is_shown() -> None:
    asked = [
        (seen("SO-2"), ALL, "RETURN", False), (seen("SO-1"), ALL, "RETURN", False), (seen("SO-1"), NOTHING, "RETURN", True),
        (seen("SO-9"), ALL, "EXCHANGE", True), (seen("SO-1"), NOTHING, "SALE", False),
        # no order is named, and the statement's only invoice is another receipt's, or nobody's in particular
        (seen(""), replace(ALL, invoices=(ALL.invoices or ())[:1]), "RETURN", True),
    ]  # fmt: skip
    for row, evidence, shape, unknown in asked:
        assert rests_on(row, evidence, shape).credit_unknown is unknown, (row.sales_order, shape)
