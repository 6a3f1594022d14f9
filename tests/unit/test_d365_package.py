"""A data package, unzipped and read back with nothing of ours."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from shared.d365 import entities
from shared.d365.package import build_package, refuse_orphan
from shared.errors import RejectedError
from shared.retail.mapped import D365Key, MappedLine, MappedShift, MappedTender, MappedTransaction, StoreSetup
from shared.retail.transaction import Discount, Line, Tax, Tender, TenderType, Transaction

STORE = StoreSetup(
    "367", "usrt", "HOUSTON", "052", "5637144592", "HOUSTON", "CENTRAL", "TX", "USD", False,
    "America/Chicago",
    "00:00", "100001", "canonical-east", Decimal("0.05"),
)  # fmt: skip
NAMESPACE = {"d": "http://schemas.microsoft.com/dynamics/2015/01/DataManagement"}


def sale(number: int, item: str = "1004906", legal_entity: str = "usrt") -> MappedTransaction:
    """Sell one item of 10.00 less 1.00 with 0.90 of tax, paid with 9.90."""
    at = datetime(2017, 12, 23, 18, 4, 5, tzinfo=UTC)
    line = Line(
        1,
        item,
        Decimal(1),
        Decimal(10),
        Decimal(9),
        discounts=(Discount(Decimal(1)),),
        taxes=(Tax("T", Decimal("0.90"), Decimal(10)),),
    )
    paid = Tender(1, TenderType.CASH, "CASH", Decimal("9.90"))
    transaction = Transaction(
        "canonical-east", "367", f"t{number}", "1", at, "USD", receipt_number=f"r{number}", lines=(line,),
        tenders=(paid,),
    )  # fmt: skip
    return MappedTransaction(
        D365Key(legal_entity, "052", "HOUSTON-1", f"367-1-{number:04d}"), transaction, STORE, date(2017, 12,
        23), at,
        (MappedLine(line, item, "ea", "HOUSTON", "TX", "FULL", ("TX10",)),), (MappedTender(paid, "1"),),
        shift_number=7,
    )  # fmt: skip


SHIFT = MappedShift(
    "usrt", "052", "HOUSTON", "HOUSTON-1", 7, date(2017, 12, 23), datetime(2017, 12, 23, 14, tzinfo=UTC),
    datetime(2017, 12, 24, 5, tzinfo=UTC), "America/Chicago", 3, 3, 0, Decimal(27), Decimal(0),
    Decimal("2.70"), Decimal(3), Decimal(0),
)  # fmt: skip


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-16"), newline="")))


def manifest(files: dict[str, bytes]) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(files["Manifest.xml"])  # noqa: S314 - our own bytes
    return root.findall("d:PackageEntityList/d:DataManagementPackageEntityData", NAMESPACE)


def word(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"d:{name}", "", NAMESPACE)


def test_a_package_holds_a_manifest_a_header_and_one_file_an_entity() -> None:
    files = opened(build_package("Retail", "P0001", [sale(1)], [SHIFT]).content)
    assert sorted(files) == [
        "Discount transactions.csv",
        "Manifest.xml",
        "PackageHeader.xml",
        "Payment transactions V2.csv",
        "Sales transactions V2.csv",
        "Shifts.csv",
        "Tax transactions.csv",
        "Transactions.csv",
    ]


def test_data_files_are_utf16_with_a_mark_and_crlf() -> None:
    for name, content in opened(build_package("Retail", "P0001", [sale(1)], [SHIFT]).content).items():
        if name.endswith(".csv"):
            assert content[:2] == b"\xff\xfe"
            text = content[2:].decode("utf-16-le")
            assert text.endswith("\r\n")
            assert text.count("\n") == text.count("\r\n") == 2


def test_the_manifest_maps_every_column_of_every_file_under_the_entity_s_label() -> None:
    files = opened(build_package("Retail", "P0001", [sale(1)], [SHIFT]).content)
    entities = manifest(files)
    assert {word(one, "EntityName") for one in entities} == {
        "Transactions", "Sales transactions V2", "Payment transactions V2", "Tax transactions",
        "Discount transactions", "Shifts",
    }  # fmt: skip
    for one in entities:
        columns = next(
            csv.reader(io.StringIO(files[word(one, "InputFilePath")].decode("utf-16"), newline=""))
        )
        maps = one.findall("d:EntityMapList/d:EntityMap", NAMESPACE)
        assert [word(each, "XMLField") for each in maps] == columns
        assert [word(each, "EntityField") for each in maps] == columns
        assert word(one, "SourceFormat") == "CSV-Unicode"
        assert word(one, "SkipStaging") == "false"
        assert "dataAreaId" not in columns


def test_children_are_imported_before_their_header_and_shifts_last_of_all() -> None:
    def levels(header_first: bool) -> dict[str, int]:
        built = build_package("Retail", "P0001", [sale(1)], [SHIFT], header_first=header_first)
        entities = manifest(opened(built.content))
        return {word(one, "EntityName"): int(word(one, "LevelInExecutionUnit")) for one in entities}

    children_first = levels(False)
    assert children_first.pop("Transactions") == 2
    assert children_first.pop("Shifts") == 3
    assert set(children_first.values()) == {1}
    header_first = levels(True)
    assert header_first.pop("Transactions") == 1
    assert header_first.pop("Shifts") == 3
    assert set(header_first.values()) == {2}


def test_the_header_file_names_the_kind_of_package() -> None:
    root = ElementTree.fromstring(  # noqa: S314 - our own bytes
        opened(build_package("Retail & more", "P0001", [sale(1)]).content)["PackageHeader.xml"]
    )
    assert (
        root.tag
        == "{http://schemas.microsoft.com/dynamics/2015/01/DataManagement}DataManagementPackageHeader"
    )
    assert word(root, "PackageType") == "DefinitionGroup"
    assert word(root, "PackageVersion") == "2"


def test_rows_arrive_whole_and_sorted_with_commas_quotes_and_every_script() -> None:
    files = opened(build_package("Retail", "P0001", [sale(2, 'a,"b"'), sale(1, "Café-日本")]).content)
    lines = table(files["Sales transactions V2.csv"])
    assert [row["TransactionNumber"] for row in lines] == ["367-1-0001", "367-1-0002"]
    assert [row["ItemId"] for row in lines] == ["Café-日本", 'a,"b"']
    assert lines[0]["NetAmount"] == "-9"
    assert table(files["Transactions.csv"])[0]["PaymentAmount"] == "9.9"
    assert table(files["Transactions.csv"])[0]["Comment"] == "P0001"


def test_the_same_receipts_give_the_same_bytes_in_any_order() -> None:
    receipts = [sale(number) for number in range(1, 40)]
    shifts = [replace(SHIFT, shift_number=number) for number in (7, 10, 9)]
    built = build_package("Retail", "P0001", receipts, shifts)
    for seed in range(5):
        random.Random(seed).shuffle(receipts)
        random.Random(seed).shuffle(shifts)
        again = build_package("Retail", "P0001", receipts, shifts)
        assert again.content == built.content
        assert again.sha256 == built.sha256
    assert build_package("Retail", "P0002", receipts, shifts).sha256 != built.sha256


def test_a_package_does_not_say_when_or_where_it_was_built() -> None:
    with zipfile.ZipFile(io.BytesIO(build_package("Retail", "P0001", [sale(1)]).content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.create_system for entry in archive.infolist()} == {3}


def test_control_totals_count_and_add_up_what_was_written_in_d365_s_sign() -> None:
    built = build_package("Retail", "P0001", [sale(1), sale(2), sale(3)], [SHIFT])
    assert built.rows_by_entity == {
        "Sales transactions V2": 3,
        "Payment transactions V2": 3,
        "Tax transactions": 3,
        "Discount transactions": 3,
        "Transactions": 3,
        "Shifts": 1,
    }
    assert built.control["Transactions"] == {
        "GrossAmount": Decimal("-29.70"),
        "NetAmount": Decimal(-27),
        "PaymentAmount": Decimal("29.70"),
        "DiscountAmount": Decimal(3),
        "IncomeExpenseAmount": Decimal(0),
    }
    assert built.control["Sales transactions V2"] == {
        "Quantity": Decimal(-3),
        "NetAmount": Decimal(-27),
        "SalesTaxAmount": Decimal("-2.70"),
        "NetAmountInclusiveTax": Decimal("-29.70"),
    }
    assert built.control["Payment transactions V2"] == {"AmountTendered": Decimal("29.70")}
    assert built.control["Tax transactions"] == {"TaxAmount": Decimal("-2.70")}


def test_a_package_holds_one_legal_entity_and_at_least_something() -> None:
    with pytest.raises(RejectedError, match="one legal entity"):
        build_package("Retail", "P0001", [sale(1), sale(2, legal_entity="frrt")])
    with pytest.raises(RejectedError, match="one legal entity"):
        build_package("Retail", "P0001", [])


def test_two_receipts_never_share_a_key() -> None:
    with pytest.raises(RejectedError, match="share one D365 key") as caught:
        build_package("Retail", "P0001", [sale(1), sale(1)])
    assert "367-1-0001" in caught.value.found


def test_a_row_without_its_receipt_is_refused() -> None:
    known = {D365Key("usrt", "052", "HOUSTON-1", "367-1-0001")}
    row = {"dataAreaId": "usrt", "OperatingUnitNumber": "052", "Terminal": "HOUSTON-1"}
    refuse_orphan(entities.TAX, {**row, "TransactionNumber": "367-1-0001"}, known)
    with pytest.raises(RejectedError, match="Tax transactions belongs to no receipt"):
        refuse_orphan(entities.TAX, {**row, "TransactionNumber": "367-1-0002"}, known)


def test_shifts_alone_make_a_package() -> None:
    built = build_package("Retail", "P0001", [], [SHIFT])
    assert built.rows_by_entity == {"Shifts": 1}
    assert table(opened(built.content)["Shifts.csv"])[0]["Status"] == "Closed"
