"""What a till's totals can show of receipts that never came, what they cannot, and shifts that end when nobody can know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.errors import RejectedError
from shared.flows.end_shift import end_shift
from shared.retail.figures import Figures, figures_of
from shared.retail.statement import compile_store_day
from tests.unit.builders import sale
from tests.unit.documents import shift_document
from tests.unit.flow_services import DESK, Hand, flow_services, run
from tests.unit.test_replaced_tills import arrive
from tests.unit.test_statement import day, record

SALE = figures_of(sale())


def test_a_day_of_which_the_till_counts_more_receipts_than_came_is_not_proved() -> None:
    """A receipt of nothing (a free item) was lost, of a till that gives no numbers: three by its totals, two here."""
    records = [replace(record(one), sequence_number=None) for one in (1, 2)]
    says = SALE + SALE + Figures(count=1)
    without_numbers = [
        replace(one, first_sequence=None, last_sequence=None) for one in day(records, says).shifts
    ]
    assert compile_store_day(day(records, says, shifts=without_numbers)).verdict == "completeness not proven"


def test_a_missing_receipt_is_worth_what_the_tills_totals_lack_and_the_person_who_decides_reads_it() -> None:
    """Number 2 was a sale of 24.00 and is missing; the till's total is 500.00 too high besides. Nobody but the store can tell the
    two apart: the gap is told with all 524.00, and the day is not proved before somebody has said that this was lost.
    """
    wrong = Figures(
        total=SALE.total * 0 + 500, sales=SALE.total * 0 + 500, tenders={"CASH": SALE.total * 0 + 500}
    )
    statement = compile_store_day(day([record(1), record(3)], SALE + SALE + SALE + wrong))
    (gap,) = [one for one in statement.causes if one.code == "receipts_missing"]
    assert (str(gap.figures.total), gap.figures.count, gap.decided) == ("524.00", 1, None)
    assert statement.verdict == "not proved"


def test_nobody_ends_a_shift_in_a_year_to_come() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await arrive(services, [shift_document(1, "SHIFT_OPEN", "1", "2017-12-23T08:00:00-05:00")])
        with pytest.raises(RejectedError):
            await end_shift(services, "S1", "1", "1", datetime(2199, 1, 1, tzinfo=UTC), DESK, "by mistake")

    run(story())
