"""Reading reference data from a D365 that shows this and refuses that: what is there, what is not, what is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from shared.d365.entities import ReadSet
from shared.d365.reader import Reader
from shared.d365.reference import ReferenceRead, read_reference_data
from shared.errors import AccessRefusedError, RejectedError, RetryableError, TillpostError
from shared.retail.mapping import MappingRow, Mappings
from shared.retail.reference import wanted
from tests.unit.flow_services import run
from tests.unit.test_mapping import ROWS

OURS = Mappings(1, {key: (MappingRow(values, 1),) for key, values in ROWS.items()})
COMPANY = {"dataAreaId": "USRT"}  # D365 writes companies as it likes
SHOWN: dict[str, list[dict[str, Any]]] = {
    "ReleasedProductsV2": [
        COMPANY | {
            "ItemNumber": "D1001", "ProductNumber": "P1", "SalesUnitSymbol": "ea", "ProductSubType": "Product",
            "TrackingDimensionGroupName": "SN",
        },
        COMPANY | {"ItemNumber": "D9", "ProductNumber": "P9", "SalesUnitSymbol": "ea"},
    ],
    "TrackingDimensionGroups": [{"GroupName": "SN", "IsSerialNumberActive": "Yes", "IsSerialNumberControlEnabled": "No"}],
    "ProductUnitOfMeasureConversions": [{"ProductNumber": "P1", "FromUnitSymbol": "ea", "ToUnitSymbol": "box"}],
    "UnitOfMeasureConversions": [{"FromUnitSymbol": "dz", "ToUnitSymbol": "ea"}],
    "LedgerFiscalPeriods": [
        {"LegalEntityId": "USRT", "Calendar": "C", "YearName": "2017", "PeriodName": "12", "PeriodStatus": "Open"},
        {"LegalEntityId": "USRT", "Calendar": "C", "YearName": "2017", "PeriodName": "11", "PeriodStatus": "OnHold"},
    ],
    "FiscalPeriods": [
        {
            "Calendar": "C", "FiscalYear": "2017", "PeriodName": month, "StartDate": f"2017-{month}-01T12:00:00Z",
            "EndDate": f"2017-{month}-30T12:00:00Z",
        }
        for month in ("11", "12")
    ],
}  # fmt: skip


class Shows:
    """A D365 that shows these sets, and answers for others with an error."""

    def __init__(self, **errors: TillpostError) -> None:
        self.errors = errors
        self.asked: dict[str, str] = {}

    async def reference_rows(
        self, source: ReadSet, where: str, keep: Callable[[Mapping[str, object]], bool] | None = None
    ) -> list[Mapping[str, object]]:
        self.asked[source.odata_set] = where
        if source.odata_set in self.errors:
            raise self.errors[source.odata_set]
        return [row for row in SHOWN.get(source.odata_set, []) if keep is None or keep(row)]


def read(shows: Shows) -> ReferenceRead:
    return run(read_reference_data(cast("Reader", shows), wanted(OURS)))


def test_an_item_is_kept_with_its_units_its_serial_numbers_and_its_block() -> None:
    assert read(Shows()).rows["d365_items"] == [
        {
            "legal_entity": "usrt", "item_number": "D1001", "there": "yes", "unit": "ea", "units_known": "yes",
            "other_units": "box dz", "variants": "no", "serial": "may", "blocked": "no",
        }
    ]  # fmt: skip


def test_a_periods_days_come_from_its_calendar_and_only_open_ones_count() -> None:
    assert read(Shows()).rows["d365_periods"] == [
        {"legal_entity": "usrt", "there": "yes", "open": "2017-12-01/2017-12-30"}
    ]


def test_what_is_wanted_and_not_shown_is_not_there() -> None:
    found = read(Shows())
    assert [row["there"] for row in found.rows["d365_warehouses"]] == ["no"]
    assert found.unknown == {}


@pytest.mark.parametrize(
    "error",
    [RejectedError("no such set"), AccessRefusedError("access refused (403)")],
    ids=["absent", "forbidden"],
)
def test_a_set_that_is_absent_or_forbidden_makes_unknown_what_it_is_for_and_nothing_else(
    error: TillpostError,
) -> None:
    found = read(Shows(Warehouses=error, LedgerFiscalPeriods=error, UnitOfMeasureConversions=error))
    assert set(found.unknown) == {"Warehouses", "LedgerFiscalPeriods", "UnitOfMeasureConversions"}
    assert "d365_warehouses" not in found.rows
    assert "d365_periods" not in found.rows
    assert found.rows["d365_items"][0]["units_known"] == "no"
    assert found.rows["d365_customers"][0]["there"] == "no"
    blocks_unknown = read(Shows(ProductDefaultOrderSettings=error))
    assert blocks_unknown.rows["d365_items"][0]["blocked"] == ""


def test_a_d365_that_does_not_answer_ends_the_reading() -> None:
    with pytest.raises(RetryableError):
        read(Shows(RetailStores=RetryableError("no connection")))


def test_only_our_companies_and_only_stopped_items_are_asked_for() -> None:
    shows = Shows()
    read(shows)
    assert shows.asked["Warehouses"] == "(dataAreaId eq 'usrt')"
    assert shows.asked["RetailStores"] == ""
    assert shows.asked["ProductDefaultOrderSettings"] == (
        "IsSalesProcessingStopped eq Microsoft.Dynamics.DataEntities.NoYes'Yes' and (dataAreaId eq 'usrt')"
    )
