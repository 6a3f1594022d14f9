"""What stores lack, what they use that nobody mapped, and what an import is told by D365."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from shared.flows.check_coverage import check_coverage
from shared.flows.check_store import check_store
from shared.flows.compile_statements import compile_statements
from shared.flows.map_transactions import map_transactions
from shared.flows.read_mappings import list_imports, read_import, show_mapping
from shared.retail.mapping_kinds import KINDS
from shared.retail.store_readiness import lacks_of, verdict_of
from shared.retail.used_values import UsedBy, codes_text, merged, used_on
from shared.services import Services
from shared.storage.mappings import import_rows
from shared.storage.used import USED, note_used, used_of
from tests.unit.builders import sale
from tests.unit.documents import paid_with, sale_document
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_dated_mappings import on, put, send
from tests.unit.test_mapping import mappings

SATURDAY = date(2017, 12, 23)


async def compiled_day(hand: Hand, services: Services, *documents: dict[str, Any]) -> None:
    await send(services, *documents)
    await map_transactions(services, "map~S1~2017-12-23")
    hand.turn(hours=20)
    assert await compile_statements(services) == 1


def test_a_transaction_keeps_the_values_that_mappings_are_asked_for() -> None:
    assert codes_text(sale()) == '{"i":["1001"]}'
    (line,) = sale().lines
    scanned = replace(line, line_number=2, item=None, gtin="4006381333931", taxes=())
    assert (
        codes_text(replace(sale(), lines=(line, scanned)))
        == '{"b":["4006381333931"],"i":["1001"],"t":["NONE"]}'
    )
    assert codes_text(replace(sale(), training=True)) is None


def test_what_a_store_day_used_is_each_value_with_its_day_and_of_a_transaction_without_values_nothing() -> (
    None
):
    sold = UsedBy('{"i":["1001"],"t":["NONE"]}', "1", "7", taxes=["VAT20"], tenders=["CASH"])
    paid_out = UsedBy("", "2", tenders=["CASH"], reason="WINDOW")
    opened = UsedBy("", "3", "8")
    assert used_on(SATURDAY, [sold, paid_out, opened]) == {
        "items": {"1001": SATURDAY}, "taxes": {"VAT20": SATURDAY, "NONE": SATURDAY}, "tenders": {"CASH": SATURDAY},
        "terminals": {"1": SATURDAY, "2": SATURDAY}, "reasons": {"WINDOW": SATURDAY}, "staff": {"7": SATURDAY},
    }  # fmt: skip


def test_a_values_last_day_never_goes_back_and_what_is_old_goes() -> None:
    kept = {"items": {"A": date(2017, 12, 1), "B": date(2016, 10, 1)}}
    assert merged(kept, {"items": {"A": date(2017, 11, 1), "C": SATURDAY}}) == {
        "items": {"A": date(2017, 12, 1), "C": SATURDAY}
    }


def test_what_a_day_used_is_noted_once_however_often_it_is_compiled() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        table = services.tables.stores
        await note_used(table, "S1", {"items": {"A": SATURDAY}})
        (first,) = [row async for row in table.query(USED)]
        await note_used(table, "S1", {"items": {"A": date(2017, 12, 22)}})
        (second,) = [row async for row in table.query(USED)]
        assert (used_of(second), second.etag) == ({"items": {"A": SATURDAY}}, first.etag)
        await note_used(table, "S1", {"items": {f"I{number}": SATURDAY for number in range(20_000)}})
        (third,) = [row async for row in table.query(USED)]
        assert len(used_of(third)["items"]) == 20_001

    run(story())


def test_coverage_names_what_was_used_and_is_unmapped_and_what_is_mapped_and_unused() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await put(services, "items", "item,item_number,unit\n2002,D2002,ea\n")
        await put(services, "owners", "role,store,people\nfinance,*,Ledger desk; Night desk\n")
        await compiled_day(hand, services, sale_document(1), paid_with("KLARNA", 2), paid_with("KLARNA", 3))
        found = await check_coverage(services)
        assert (found["as_of"], found["since"], found["stores"], found["values"]) == (
            "2017-12-24",
            "2017-11-24",
            1,
            5,
        )
        assert found["unmapped"] == [
            {
                "kind": "tenders", "value": "KLARNA", "owner": "finance", "stores": 1, "stores_named": ["S1"],
                "last_used": "2017-12-23", "receipts_held": 2, "amounts_held": {"USD": "48.00"},
                "people": ["Ledger desk", "Night desk"],
            }
        ]  # fmt: skip
        assert {"kind": "items", "item": "2002"} in found["never_used"]
        assert {"kind": "items", "item": "1001"} not in found["never_used"]
        await put(services, "tenders", "store,tender,payment_method\n*,KLARNA,7\n")
        assert (await check_coverage(services))["unmapped"] == []
        hand.turn(days=40)
        assert (await check_coverage(services))["values"] == 0

    run(story())


def test_coverage_names_what_waits_today_though_its_day_is_not_compiled_yet() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(
            services, paid_with("KLARNA", 2), paid_with("KLARNA", 3), {**sale_document(4), "terminal": "7"}
        )
        await map_transactions(services, "map~S1~2017-12-23")
        found = (await check_coverage(services))["unmapped"]
        assert [(one["kind"], one["value"], one["receipts_held"], one["stores_named"]) for one in found] == [
            ("tenders", "KLARNA", 2, ["S1"]),
            ("terminals", "7", 1, ["S1"]),
        ]
        await put(services, "tenders", "store,tender,payment_method\n*,KLARNA,7\n")
        assert [one["kind"] for one in (await check_coverage(services))["unmapped"]] == ["terminals"]

    run(story())


def test_a_cashier_without_a_row_is_named_only_where_the_store_maps_its_cashiers() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await compiled_day(hand, services, {**sale_document(1), "operator": "17"})
        assert (await check_coverage(services))["unmapped"] == []
        await put_store(services, "map_staff", "yes")
        found = (await check_coverage(services))["unmapped"]
        assert [(one["kind"], one["value"], one["owner"]) for one in found] == [
            ("staff", "17", "store_operations")
        ]

    run(story())


def test_coverage_as_of_a_day_to_come_shows_what_a_row_that_ends_leaves_unmapped() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        await compiled_day(hand, services, sale_document(1))
        await put(
            services,
            "tenders",
            "store,tender,payment_method,valid_from,valid_to\n*,CASH,1,always,2017-12-31\n",
        )
        assert (await check_coverage(services))["unmapped_count"] == 0
        later = await check_coverage(services, as_of=date(2018, 1, 1))
        assert [(one["kind"], one["value"]) for one in later["unmapped"]] == [("tenders", "CASH")]

    run(story())


def test_coverage_reads_one_row_a_store_however_many_receipts_there_were() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        for store in ("S1", "S2", "S3"):
            await note_used(
                services.tables.stores, store, {"items": {f"I{n}": SATURDAY for n in range(5_000)}}
            )
        found = await check_coverage(services)
        assert (found["stores"], found["unmapped_count"], len(found["unmapped"])) == (3, 5_000, 1_000)
        assert found["unmapped"][0]["stores_named"] == ["S1", "S2", "S3"]

    run(story())


def lacks(store: str = "S1", **changes: Any) -> list[tuple[str, str]]:
    known = mappings(**changes)
    return [
        (one.what, one.owner)
        for one in lacks_of(store, known, SATURDAY, ["1"], ["east"])
        if one.state == "lacking"
    ]


def test_a_new_store_is_told_what_it_lacks_by_name() -> None:
    (only,) = lacks("S9")
    assert only == ("location S9 is not in the stores mapping on 2017-12-23", "retail_systems")
    assert lacks() == []
    bare = {
        **dict(mappings().find("stores", "S1") or {}),
        "warehouse": "",
        "tax_group": "",
        "account": "west",
    }
    assert lacks(stores__S1=bare, terminals__S1__1=None, tenders__any__CASH=None) == [
        ("store S1 has no warehouse", "retail_systems"),
        ("store S1 has no sales tax group", "finance"),
        ("no source account west may send for store S1", "it"),
        ("store S1 has no till in the terminals mapping", "retail_systems"),
        ("till 1 of store S1 sends and is not mapped", "retail_systems"),
        ("store S1 has no way to pay in the tenders mapping", "finance"),
    ]


def test_a_store_whose_payment_method_d365_lacks_is_not_ready_and_what_was_not_read_is_not_known() -> None:
    known = mappings(
        d365_tenders__usrt__5637__1={"there": "no"}, d365_stores__NY01={
            "there": "yes", "legal_entity": "usrt", "operating_unit": "052", "channel": "5637",
        },
        d365_warehouses__usrt__NYWH={"there": "yes", "site": "NY"},
    )  # fmt: skip
    found = lacks_of("S1", known, SATURDAY, [], ["east"])
    lacking = [one for one in found if one.state == "lacking"]
    assert [(one.what, one.owner) for one in lacking] == [
        ("channel 5637 of company usrt has no payment method 1", "finance")
    ]
    assert lacking[0].do_this.startswith(
        "In this order: 1. Retail systems add the payment method to the store's channel in D365. 2. Finance gives it its ledger "
        "account there"
    )
    unknown = {one.what for one in found if one.state == "not known"}
    assert "whether D365 has till NY01-1 was not read" in unknown
    assert not any("NYWH" in one for one in unknown)
    assert verdict_of(found) == "not ready"
    assert verdict_of([one for one in found if one.state != "lacking"]) == "ready as far as is known"


def test_a_stores_readiness_names_tills_that_send_and_nobody_mapped() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, {**sale_document(1), "terminal": "7"})
        found = await check_store(services, "S1")
        assert found["verdict"] == "not ready"
        assert [one["what"] for one in found["lacks"] if one["state"] == "lacking"] == [
            "till 7 of store S1 sends and is not mapped"
        ]
        assert [one["step"] for one in found["lacks"]] == list(range(1, len(found["lacks"]) + 1))

    run(story())


def test_the_history_of_a_mapping_says_who_changed_what_and_why() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await put(services, "tenders", "store,tender,payment_method\n*,CASH,5\n*,CARD,2\n")
        newest, first = await list_imports(services, "tenders")
        assert (newest["by"], newest["why"], newest["rows"]) == ("store operations desk", "a test", 2)
        assert (first["by"], first["why"]) == ("set-up", "first")
        found = await read_import(services, "tenders", newest["version"])
        assert found is not None
        told = [
            (one["what"], (one["before"] or {}).get("payment_method"), one["after"]["payment_method"])
            for one in found["changes"]
        ]
        assert told == [("new", None, "2"), ("corrected", "1", "5")]
        assert await read_import(services, "stores", newest["version"]) is None
        assert await read_import(services, "tenders", 999) is None

    run(story())


def test_tenders_are_shown_with_d365s_ledger_accounts_beside_them() -> None:
    async def story() -> None:
        hand = Hand()
        services = await flow_services(hand)
        row = {
            "legal_entity": "usrt", "channel": "5637", "payment_method": "1", "there": "yes", "name": "Cash",
            "account": "110110", "difference_account": "618900", "small_difference_max": "5", "counting_required": "yes",
        }  # fmt: skip
        await import_rows(services.tables.mappings, "d365_tenders", [row], who="D365", reason="x", at=hand())
        await put(services, "tenders", "store,tender,payment_method\n*,VISA,2\n")
        shown = {one["tender"]: one["d365"] for one in (await show_mapping(services, "tenders"))["rows"]}
        assert shown["CASH"] == [
            {
                "state": "there", "name": "Cash", "account": "110110", "difference_account": "618900",
                "small_difference_max": "5", "counting_required": "yes", "stores": 1, "stores_named": ["S1"],
            }
        ]  # fmt: skip
        assert shown["VISA"] == [{"state": "not read", "stores": 1, "stores_named": ["S1"]}]
        for kind in KINDS:
            assert (await show_mapping(services, kind))["kind"] == kind

    run(story())


def test_a_cashier_is_mapped_where_the_store_says_so_and_else_goes_as_the_till_names_them() -> None:
    async def story() -> None:
        services = await flow_services(Hand())
        await send(services, on(SATURDAY, {**sale_document(1), "operator": "17"}))
        await map_transactions(services, "map~S1~2017-12-23")
        text = (await put_store(services, "map_staff", "yes")).splitlines()
        assert text
        await send(services, on(SATURDAY, {**sale_document(2), "operator": "17"}))
        await map_transactions(services, "map~S1~2017-12-23")
        rows = {row.text("TransactionId"): row async for row in services.tables.transactions.query("S1")
                if row.text("Record") == "receipt"}  # fmt: skip
        assert [rows[name].text("Status") for name in ("T1", "T2")] == ["mapped", "held"]
        assert (rows["T2"].text("Cause"), rows["T2"].text("CauseValue")) == ("staff_unmapped", "17")

    run(story())


async def put_store(services: Services, column: str, value: str) -> str:
    known = await services.mappings.refresh()
    row = {**dict(known.find("stores", "S1") or {}), column: value}
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    await put(services, "stores", text)
    return text
