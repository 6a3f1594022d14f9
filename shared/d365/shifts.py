"""The row of a closed shift in D365: what headquarters' statements look for before they take its receipts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from shared.d365 import entities
from shared.d365.values import Row, checked, day_text, instant_text, seconds_of_day
from shared.retail.mapped import MappedShift


def shift_rows(shift: MappedShift) -> dict[str, list[Row]]:
    """Give the one row of a closed shift, under the entity's label.

    Its totals are figures for people: they keep the store's sign, but returns are a magnitude as in D365's
    own shift report. Nothing is posted from them (D365 facts §2.1).
    """
    zone = ZoneInfo(shift.time_zone)
    opened, closed = shift.opened_at.astimezone(zone), shift.closed_at.astimezone(zone)
    row: Row = {
        "dataAreaId": shift.legal_entity,
        "OperationUnitNumber": shift.operating_unit,
        "Terminal": shift.terminal,
        "BatchShiftId": shift.shift_number,
        "StoreNumber": shift.store_number,
        "Status": "Closed",
        "StartDateTimeUtc": instant_text(opened),
        "CloseDateTimeUtc": instant_text(closed),
        "StartDate": day_text(opened.date()),
        "CloseDate": day_text(closed.date()),
        "StartTime": seconds_of_day(opened),
        "CloseTime": seconds_of_day(closed),
        "ClosedAtRegisterNumber": shift.terminal,
        "TransactionsCount": shift.transactions,
        "SalesCount": shift.sales_count,
        "ReturnsCount": shift.returns_count,
        "SalesTotal": shift.sales_total,
        "ReturnsTotal": abs(shift.returns_total),
        "TaxTotal": shift.tax_total,
        "DiscountTotalAmount": shift.discount_total,
        "RoundedAmountTotal": shift.rounded_total,
        "HasPendingOfflineTransactions": "No",
    }
    return {entities.SHIFTS: [checked(entities.SHIFT, row)]}
