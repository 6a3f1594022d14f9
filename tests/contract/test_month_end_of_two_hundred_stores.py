"""200 stores close December by force while one till is offline: not ready and the till named; its receipts go by the policy.

The tills' money is kept here in whole cents as it is rung up; the ledger's is the simulator's. Neither uses the app's sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from shared.flows.accrue_unposted import accrue_unposted
from shared.flows.check_readiness import ReadinessReport, check_readiness
from shared.flows.compile_statements import compile_statements
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.list_late import list_late
from shared.flows.read_reference import read_reference
from shared.flows.sign_off import sign_off
from shared.pos.registry import ADAPTERS
from shared.storage.keys import split_key
from tests.contract.month_end_world import ACCOUNTS, CUSTOMERS, Cents, added, books, less, of_lines
from tests.contract.posting_world import SETUP, PostingWorld, posting_world
from tests.unit.documents import call_of, sale_document, totals_of
from tests.unit.flow_services import DESK, SENDER, run
from tests.unit.test_mapping import STORE

STORES = [f"S{number:03d}" for number in range(1, 201)]
DAYS = (date(2017, 12, 30), date(2017, 12, 31))
PERIOD = "2017-12-30..2017-12-31"
OFFLINE = ("S117", "2")
READ_QUERIES_MAX = 270  # one a store, one a day, and a handful


def setup() -> dict[str, Any]:
    """Every store has two registers and its own cash account of two."""
    (store,), (cash, _) = SETUP["stores"], SETUP["tender_types"]
    units = [(name, f"5{name[1:]}", f"0{name[1:]}") for name in STORES]
    return SETUP | {
        "stores": [
            store | {"StoreNumber": name, "RetailChannelId": channel, "OperatingUnitNumber": unit}
            for name, channel, unit in units
        ],
        "terminals": [{"TerminalNumber": f"{name}-{till}", "StoreNumber": name} for name in STORES for till in "12"],
        "tender_types": [
            cash | {"RetailChannelId": channel, "LedgerDimensionDisplayValue": cash_account(name)} for name, channel, _ in units
        ],
    }  # fmt: skip


def cash_account(store: str) -> str:
    return "110110" if int(store[1:]) % 2 else "110120"


def pieces(store: str, till: str, day: date) -> int:
    """How many items of 10.00, and 20 % tax, this till sells on this day."""
    return (int(store[1:]) * 3 + int(till) * 5 + day.day) % 7 + 1


def rung_up(store: str, till: str, day: date) -> Cents:
    many = pieces(store, till, day)
    return {cash_account(store): 1200 * many, "401100": -1000 * many, "222100-V20": -200 * many}


def day_of_a_till(store: str, till: str, day: date) -> list[dict[str, Any]]:
    """A shift opened, one sale, the shift closed with its totals; numbers go on from day to day."""
    first, many = (day - DAYS[0]).days * 3 + 1, pieces(store, till, day)
    place = {"store": store, "terminal": till, "business_day": day.isoformat(), "shift": f"{day:%d}"}
    names = [f"{store}-{till}-{first + one}" for one in range(3)]
    opened, closed = f"{day}T08:00:00-05:00", f"{day}T20:00:00-05:00"
    gross, tax, paid = f"{10 * many}.00", f"{2 * many}.00", f"{12 * many}.00"
    sale = sale_document(
        first + 1,
        **place,
        transaction_id=names[1],
        completed_at=f"{day}T12:00:00-05:00",
        receipt_number=names[1],
    )
    taxes = [sale["lines"][0]["taxes"][0] | {"base": gross, "amount": tax}]
    sale["lines"] = [sale["lines"][0] | {"quantity": str(many), "gross": gross, "net": gross, "taxes": taxes}]
    sale["tenders"] = [sale["tenders"][0] | {"amount": paid}]
    record = {"shift": place["shift"], "opened_at": opened, "closed_at": None, "totals": None}
    shift = {"status": "COMPLETED", "currency": "USD", **place}
    totals = totals_of(1, paid, gross, tax, first, first + 2)
    return [
        {**shift, "transaction_id": names[0], "kind": "SHIFT_OPEN", "sequence_number": first, "completed_at": opened,
         "shift_record": record},
        sale,
        {**shift, "transaction_id": names[2], "kind": "SHIFT_CLOSE", "sequence_number": first + 2, "completed_at": closed,
         "shift_record": record | {"closed_at": closed, "totals": totals}},
    ]  # fmt: skip


def till_days() -> Iterator[tuple[str, str, date]]:
    return ((store, till, day) for store in STORES for till in "12" for day in DAYS)


async def set_up(world: PostingWorld) -> None:
    await world.sim("setup", setup())
    named = [
        STORE | {"store": name, "store_number": name, "channel_id": f"5{name[1:]}", "operating_unit": f"0{name[1:]}"}
        for name in STORES
    ]  # fmt: skip
    await world.map_also("stores", STORE | {"legal_entity": "usx"}, *named)
    await world.map_also(
        "terminals",
        *(
            {"store": name, "terminal": till, "register": f"{name}-{till}"}
            for name in STORES
            for till in "12"
        ),
    )
    await world.map_also(
        "ledger_accounts",
        *(
            {"legal_entity": "usrt", "what": what, "code": code, "account": one}
            for what, code, one in ACCOUNTS
        ),
    )
    await world.map_also("month_end", {"legal_entity": "usrt", "late_receipts": "next_period"})
    world.hand.at = datetime(2018, 1, 1, 7, 0, tzinfo=UTC)  # both days are over in New York, with their grace
    await read_reference(world.services, ordered=True)


async def send(world: PostingWorld, documents: Iterable[dict[str, Any]]) -> None:
    every = list(documents)
    for at in range(0, len(every), 500):
        verdicts = await ingest_transactions(
            world.services, SENDER, ADAPTERS["canonical"], call_of(*every[at : at + 500])
        )
        assert {one.verdict for one in verdicts} == {"accepted"}


async def post_everything(world: PostingWorld) -> None:
    """Let time pass until nothing is on its way any more."""
    for _ in range(60):
        for _ in range(14):
            await world.deliver()
        await world.beat(minutes=6)
        with world.looking():
            rows = [
                row async for row in world.services.tables.transactions.query(select=("Status", "Record"))
            ]
        if {row.text("Status") for row in rows if row.text("Record") == "receipt"} <= {"posted", "excluded"}:
            return
    raise AssertionError("not all was posted")


async def settle(world: PostingWorld) -> None:
    """Let vouchers be read and every statement be compiled."""
    for _ in range(8):
        world.hand.turn(minutes=16)
        await world.beat(jobs=False)
        await compile_statements(world.services)


async def sign_everything(world: PostingWorld) -> None:
    """Have finance sign every store-day of which something is not signed yet, each as its statement stands."""
    with world.looking():
        rows = [
            row async for row in world.services.tables.statements.query() if row.text("Record") == "statement"
        ]
    assert len(rows) == len(STORES) * len(DAYS)
    for row in rows:
        if row.text("SignedBy"):
            continue  # nothing is new since the last signature
        day, revision = date.fromisoformat(split_key(row.key)[-1]), row.number("Revision")
        assert await sign_off(world.services, row.partition, day, revision, DESK, "checked at month end")
    world.hand.turn(minutes=6)
    await compile_statements(world.services)


async def readiness(world: PostingWorld) -> ReadinessReport:
    report = await check_readiness(world.services, "usrt", PERIOD)
    assert report is not None
    return report


async def lacking(world: PostingWorld) -> Cents:
    report = await accrue_unposted(world.services, "usrt", day=DAYS[-1])
    assert report is not None
    return added(*(of_lines(one["open"]) for one in report.as_json()["currencies"]))


def test_two_hundred_stores_close_december_while_one_till_is_offline(tmp_path: Path) -> None:
    async def story() -> None:
        async with posting_world(tmp_path) as world:
            await set_up(world)
            online = [one for one in till_days() if one != (*OFFLINE, DAYS[-1])]
            tills = added(*(rung_up(*one) for one in till_days()))
            late = rung_up(*OFFLINE, DAYS[-1])
            await send(world, (document for one in online for document in day_of_a_till(*one)))
            known = added(*(rung_up(*one) for one in online))
            for _ in range(14):
                await world.deliver()
            assert await lacking(world) == known  # nothing is posted yet: all that is known is lacking
            await post_everything(world)
            assert less(await books(world), {CUSTOMERS: 0}) == known
            await settle(world)
            await sign_everything(world)
            before = len(world.effects.seen)
            report = await readiness(world)
            assert len(world.effects.seen) - before <= READ_QUERIES_MAX
            assert report.readiness.verdict == "Not ready"
            assert len(report.readiness.blockers) == 1, report.readiness.blockers
            (blocker,) = report.readiness.blockers
            assert (blocker.kind, blocker.store, blocker.terminal) == ("till not heard", *OFFLINE)
            assert blocker.what == (
                "Till 2 of store S117: not heard since 2017-12-30, while the company traded until 2017-12-31; "
                "its last receipt was number 3 at 2017-12-31 01:00 UTC."
            )
            assert await lacking(world) == {}

            closed = {"dataAreaId": "usrt", "currency": "USD", "open_periods": [["2018-01-01", "2018-01-31"]]}
            await world.sim("setup", {"legal_entities": [closed]})
            await read_reference(world.services, ordered=True)
            await send(world, day_of_a_till(*OFFLINE, DAYS[-1]))
            await world.deliver()
            assert await lacking(world) == less(tills, await books(world)) == late
            assert (await readiness(world)).readiness.verdict == "Not ready"
            await post_everything(world)
            assert await books(world) == tills
            assert await lacking(world) == {}
            memo = await list_late(world.services, "usrt", "2017-12")
            assert memo is not None
            (one,) = memo.as_json()["memos"]
            assert (one["belongs_to"], one["stands_in"]) == ("2017-12", "2018-01")
            assert (of_lines(one["add_to_first"]), of_lines(one["take_from_second"])) == (
                late,
                less({}, late),
            )
            await settle(world)
            await sign_everything(world)
            report = await readiness(world)
            assert (report.readiness.verdict, report.readiness.blockers) == ("Ready", ())

    run(story())
