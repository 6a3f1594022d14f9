"""Erasing what may speak of a person in a posted, signed day: nothing of it is left, and every figure and proof is the same."""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.flows.compile_statements import compile_statements
from shared.flows.erase_personal import Wanted, erase_personal
from shared.flows.find_personal import find_personal
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.sign_off import sign_off
from shared.flows.trace_receipt import trace_receipt
from shared.flows.verify_audit import verify_audit
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.storage.protocols import Row
from shared.storage.statements import statement_key, statement_text
from shared.storage.tables import TABLE_NAMES
from tests.contract.posting_world import PostingWorld, posting_world
from tests.unit.builders import DAY
from tests.unit.documents import call_of, sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK, SENDER, run

MORNING, EVENING = "2017-12-23T08:00:00-05:00", "2017-12-23T20:00:00-05:00"
# Every place in our format where a text may speak of a person, each with a text of its own.
OF_A_PERSON = (
    "engraved for Antonia", "came back: allergic", "GC-77120", "LOVE-ANTONIA", "her birthday", "diplomat 88-1",
    "5566", "auth-930214", "tender gift 4480", "K-20817", "ring the bell at Marlowe's",
)  # fmt: skip


def told_sale(number: int, **changes: Any) -> dict[str, Any]:
    """The golden sale with something of a person in every place that takes it; 26.00 less 2.00, exempt from a second tax."""
    document = sale_document(number, shift="1", operator="0017", **changes)
    line = document["lines"][0]
    line |= {
        "description": OF_A_PERSON[0], "return_reason": OF_A_PERSON[1], "gift_card": OF_A_PERSON[2], "gross": "22.00",
        "discounts": [{"amount": "2.00", "code": OF_A_PERSON[3], "reason": OF_A_PERSON[4], "promotion": "XMAS"}],
    }  # fmt: skip
    line["unit_price"] = "11.00"
    line["taxes"].append(
        {
            "code": "VAT20",
            "rate": "0",
            "base": "20.00",
            "amount": "0.00",
            "inclusive": False,
            "exempt_reason": OF_A_PERSON[5],
        }
    )
    document["tenders"][0] |= {
        "card": {"brand": "VISA", "last4": OF_A_PERSON[6], "reference": OF_A_PERSON[7]}
    }
    document["tenders"][0]["gift_card"] = OF_A_PERSON[8]
    document["extra"] = {"customer_no": OF_A_PERSON[9], "delivery": [{"remark": OF_A_PERSON[10]}]}
    return document


def second_version() -> dict[str, Any]:
    """Another version of the same receipt, with a person in it too, and the number of what was bought."""
    document = told_sale(2, receipt_number="another")
    document["lines"][0]["serial"] = "SN-31"
    return document


async def a_signed_day(world: PostingWorld) -> None:
    totals = totals_of(2, "48.00", "40.00", "8.00", 2, 3) | {"discounts": "2.00"}
    await world.send(shift_document(1, "SHIFT_OPEN", "1", MORNING), told_sale(2), sale_document(3, shift="1"))
    await ingest_transactions(world.services, SENDER, ADAPTERS["canonical"], call_of(second_version()))
    world.hand.turn(hours=8)
    await world.send(shift_document(4, "SHIFT_CLOSE", "1", MORNING, EVENING, totals))
    await world.drive_until("posted", "excluded", beat_minutes=10)
    world.hand.turn(hours=12)
    for _ in range(3):
        await compile_statements(world.services)
        world.hand.turn(minutes=5)


async def everything(services: Services) -> str:
    """Everything the tables hold, unpacked."""
    parts: list[str] = []
    for name in TABLE_NAMES:
        rows = [row async for row in getattr(services.tables, name).query()]
        parts += [f"{name} {row.partition} {row.key} {unpacked(row)}" for row in rows]
    return "\n".join(parts)


def unpacked(row: Row) -> str:
    parts = {}
    for name, value in row.values.items():
        if isinstance(value, bytes):
            try:
                parts[name] = zlib.decompress(value).decode("utf-8", "replace")
            except zlib.error:
                parts[name] = value.hex()
        else:
            parts[name] = value.isoformat() if isinstance(value, datetime) else str(value)
    return json.dumps(parts, ensure_ascii=False)


async def statement_of(world: PostingWorld) -> str:
    row = await world.services.tables.statements.read("S1", statement_key("S1", DAY))
    assert row is not None
    return statement_text(row)


async def figures_of(world: PostingWorld) -> dict[str, dict[str, Any]]:
    """The columns of the receipts that statements, D365 and duplicates go by."""
    names = ("Status", "Figures", "Total", "Codes", "Rounding", "ContentHash", "D365Number", "Register", "MappingVersion",
             "D365Gross", "ReceiptNumber", "SequenceNumber", "UnitsSold", "Shift", "Package")  # fmt: skip
    return {
        name: {one: row.values.get(one) for one in names} for name, row in (await world.receipts()).items()
    }


WANTED = [Wanted("S1", "east", "T2")]
WHY = "request 17 of 2017-12"


def test_a_signed_day_is_the_same_to_the_byte_when_a_person_is_erased_from_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            services = world.services
            await a_signed_day(world)
            statement = await statement_of(world)
            row = await services.tables.statements.read("S1", statement_key("S1", DAY))
            assert row is not None
            signed = await sign_off(services, "S1", DAY, row.number("Revision"), DESK, "seen")
            assert signed is not None
            figures, kept = await figures_of(world), await everything(services)
            assert [one for one in OF_A_PERSON if one not in kept] == []
            assert (await rebuild_storeday(services, "S1", DAY)).findings == ()

            found = await find_personal(services, "east", ["K-20817"], DAY, DAY, [])
            assert [one["transaction_id"] for one in found["receipts"]] == ["T2", "T2"]
            assert sorted(set(found["receipts"][0]["kept"].values())) == sorted({*OF_A_PERSON, "0017"})

            preview = await erase_personal(services, DESK, WHY, WANTED, operator=False, check=True)
            assert preview["receipts"][0] | {"fields": 0} == {
                "store": "S1", "account": "east", "transaction_id": "T2", "outcome": "would be erased",
                "status": "posted", "versions": 2, "fields": 0,
                "in_d365": [
                    {
                        "legal_entity": "usrt", "register": "NY01-1", "number": "east:T2",
                        "holds": ["Staff 0017"],
                    }
                ],
            }  # fmt: skip
            assert preview["receipts"][0]["fields"] == {
                "extra.customer_no": 2, "extra.delivery.remark": 2, "lines.description": 2, "lines.discounts.code": 2,
                "lines.discounts.reason": 2, "lines.gift_card": 2, "lines.return_reason": 2,
                "lines.taxes.exempt_reason": 2, "tenders.card.last4": 2, "tenders.card.reference": 2,
                "tenders.gift_card": 2,
            }  # fmt: skip
            assert await everything(services) == kept  # nothing was written

            done = await erase_personal(services, DESK, WHY, WANTED, operator=False, check=False)
            assert done["receipts"][0]["outcome"] == "erased"
            left = await everything(services)
            assert [one for one in OF_A_PERSON if one in left] == []
            assert "SN-31" in left
            assert await figures_of(world) == figures

            # The statement compiled anew, the signature, the package's bytes, the chain: all as before.
            await still_proved(world, statement)
            (trail, *_) = await trace_receipt(services, "S1", DAY, "T2")
            assert trail["altered"] == []
            assert trail["erased"]["by"] == DESK.name
            assert trail["erased"]["why"] == WHY

            again = await erase_personal(services, DESK, WHY, WANTED, operator=False, check=False)
            assert again["receipts"][0]["outcome"] == "nothing left to erase"
            assert await everything(services) == left
            await deliveries_bring_nothing_back(world)
            await still_proved(world, statement)

    run(story())


async def still_proved(world: PostingWorld, statement: str) -> None:
    report = await rebuild_storeday(world.services, "S1", DAY)
    assert report.findings == ()
    told = [
        one
        for one in report.not_compared
        if "personal data was erased on 2017-12-24 by store operations desk" in one
    ]
    assert len(told) == 1
    assert not [one for one in report.not_compared if one.startswith("package")]
    assert await statement_of(world) == statement
    assert all(one.broken is None for one in await verify_audit(world.services))


async def deliveries_bring_nothing_back(world: PostingWorld) -> None:
    """The same receipt is a duplicate; another version is kept without the person, and once."""
    services = world.services

    async def verdict(document: dict[str, Any]) -> str:
        (one,) = await ingest_transactions(services, SENDER, ADAPTERS["canonical"], call_of(document))
        return one.verdict

    assert await verdict(told_sale(2)) == "duplicate"
    assert await verdict(second_version()) == "conflict"
    reworded = told_sale(2)
    reworded["lines"][0]["description"] = "engraved for Beatrix"
    assert await verdict(reworded) == "duplicate"  # what is left of it is the same
    third = told_sale(2, receipt_number="a third")
    assert await verdict(third) == "conflict"
    assert await verdict(third) == "conflict"
    left = await everything(services)
    assert [one for one in (*OF_A_PERSON, "Beatrix") if one in left] == []
    assert "a third" in left


def test_a_row_that_says_it_is_erased_must_be_in_the_record(tmp_path: Path) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            await a_signed_day(world)
            await erase_personal(world.services, DESK, WHY, WANTED, operator=False, check=False)
            row = (await world.receipts())["T2"]
            await world.services.tables.transactions.upsert(row.with_values(DocumentSha256="0" * 64))
            report = await rebuild_storeday(world.services, "S1", DAY)
            assert {(one.what, one.field) for one in report.findings} >= {
                ("receipt", "what is left of it"), ("receipt", "kept document (SHA-256)"),
            }  # fmt: skip

    run(story())
