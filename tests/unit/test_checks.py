"""The checks that people make: each finds what speaks against it and nothing else, and says so when nobody can know."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shared.errors import RejectedError
from shared.flows.run_checks import keep_checks, list_checks, run_checks
from shared.retail import readiness
from shared.retail.checks import Held, Item, Looked, Result, Waiting, verdict_of
from shared.retail.checks_daily import DAILY_CHECKS, DailySeen, DaySeen, daily_results
from shared.retail.checks_monthly import BY_KIND, MONTHLY_CHECKS, MonthlySeen, monthly_results
from shared.retail.readiness import Blocker, Readiness
from shared.retail.reason import OWNERS
from shared.retail.reasons import REASONS, cause
from shared.services import Services
from shared.storage.causes import RECEIPT, Member, cause_row, open_causes
from shared.storage.checks import check_row
from shared.storage.late import late_row
from shared.storage.protocols import TEXT_UNITS_MAX, Row
from tests.unit.flow_services import DESK, Hand, flow_services, run

DAY, NOW = date(2017, 12, 23), datetime(2017, 12, 24, 9, 0, tzinfo=UTC)
LOOKED = Looked(NOW - timedelta(hours=3), NOW + timedelta(hours=22))


def day_seen(store: str = "S1", **changes: object) -> DaySeen:
    money = Decimal("100.00")
    whole = DaySeen(store, "proved", "USD", money, money, money, Decimal(0), 4, 4, is_signed=True)
    return replace(whole, **changes)  # type: ignore[arg-type]


def seen(*days: DaySeen, **changes: object) -> DailySeen:
    whole = DailySeen(DAY, NOW, days or (day_seen(),), (), (), (), (), LOOKED, LOOKED)
    return replace(whole, **changes)  # type: ignore[arg-type]


def waiting(code: str, amount: str = "12.50", fingerprint: str = "", **changes: object) -> Waiting:
    whole = Waiting(
        fingerprint or f"{code}~x",
        code,
        "x",
        REASONS[code].owner,
        "It happened.",
        Decimal(amount),
        "USD",
        1,
        ("S1",),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def wrong(results: tuple[Result, ...]) -> dict[str, list[str]]:
    return {one.check.key: [item.what for item in one.items] for one in results if one.items}


def unknown(results: tuple[Result, ...]) -> dict[str, str]:
    return {one.check.key: one.unknown for one in results if one.state == "not known"}


def test_a_day_on_which_nothing_is_wrong_is_in_order_whole() -> None:
    found = daily_results(seen())
    assert wrong(found) == {}
    assert unknown(found) == {}
    assert verdict_of(found) == "all 17 checks in order"


def test_each_reason_speaks_against_exactly_one_daily_check() -> None:
    counted = Counter(code for check in DAILY_CHECKS for code in check.codes)
    assert set(counted) == set(REASONS)
    assert set(counted.values()) == {1}
    for code in REASONS:
        assert sum(len(one.items) for one in daily_results(seen(causes=[waiting(code)]))) == 1


def test_checks_have_a_key_of_their_own_an_owner_and_a_sentence() -> None:
    checks = (*DAILY_CHECKS, *MONTHLY_CHECKS)
    assert len({one.key for one in checks}) == len(checks)
    assert all(
        one.owner in OWNERS and one.sentence.endswith(".") and one.sentence[0].isupper() for one in checks
    )


def test_a_day_is_found_wrong_in_each_of_its_figures_by_the_check_that_asks_for_it() -> None:
    found = daily_results(
        seen(
            day_seen(),
            day_seen(
                "S2", in_d365=Decimal("80.00"), posted=Decimal("75.00"), verdict="not proved", is_signed=False
            ),
            day_seen("S3", unexplained=Decimal("-0.01"), verdict="not proved", currency="CAD"),
            uncompiled=["S4"],
            absent=["S5"],
        )
    )
    assert wrong(found) == {
        "stores_heard": ["Nothing of store S5 came for 2017-12-23, on which its calendar lets it trade."],
        "days_compiled": ["Store S4 has work for 2017-12-23, and no statement."],
        "all_in_d365": ["Store S2: received, and not in D365."],
        "all_posted": ["Store S2: in D365, and not posted."],
        "nothing_unexplained": ["Store S3: an amount has no cause."],
        "days_proved": ["Store S2 reads: not proved.", "Store S3 reads: not proved."],
        "days_signed": ["Store S2 is not signed off, or something came after its signature."],
    }
    amounts = {one.check.key: one.amounts for one in found if one.amounts}
    assert amounts == {
        "all_in_d365": {"USD": Decimal("20.00")},
        "all_posted": {"USD": Decimal("5.00")},
        "nothing_unexplained": {"CAD": Decimal("-0.01")},
    }
    assert verdict_of(found) == "7 of 17 checks not in order"


def test_what_two_people_wrote_off_is_not_missed_in_d365() -> None:
    money = Decimal("80.00")
    day = day_seen(in_d365=money, posted=money, receipts_posted=3, written_off=Decimal("20.00"))
    assert wrong(daily_results(seen(day))) == {}
    short = daily_results(seen(replace(day, written_off=Decimal("19.99"))))
    assert wrong(short) == {"all_in_d365": ["Store S1: received, and not in D365."]}
    assert [one.amounts for one in short if one.amounts] == [{"USD": Decimal("0.01")}]


def test_causes_are_listed_under_their_check_the_most_valuable_first() -> None:
    causes = [
        waiting("tender_unmapped", "5.00"), waiting("warehouse_missing", "-300.00"), waiting("shift_overlap", "0", receipts=2),
    ]  # fmt: skip
    found = {one.check.key: one for one in daily_results(seen(causes=causes)) if one.items}
    assert set(found) == {"codes_mapped", "tills_closed"}
    assert [one.code for one in found["codes_mapped"].items] == ["warehouse_missing", "tender_unmapped"]
    assert found["codes_mapped"].amounts == {"USD": Decimal("-295.00")}
    assert found["tills_closed"].receipts == 2


def test_a_receipt_that_two_causes_hold_counts_once() -> None:
    held, other = (
        Held(f"S1~east~T{number}", Decimal(amount), 1, "USD")
        for number, amount in ((1, "24.00"), (2, "5.00"))
    )
    causes = [
        waiting("tender_unmapped", "29.00", receipts=2, holds=(held, other)),
        waiting("tax_unmapped", "24.00", holds=(held,)),
    ]
    (found,) = (one for one in daily_results(seen(causes=causes)) if one.items)
    assert [item.amount for item in found.items] == [Decimal("29.00"), Decimal("24.00")]
    assert (found.amounts, found.receipts) == ({"USD": Decimal("29.00")}, 2)


def test_what_was_never_looked_at_or_too_long_ago_is_not_known() -> None:
    old = Looked(NOW - timedelta(hours=30), NOW - timedelta(hours=4))
    found = daily_results(seen(compared=Looked(None), reference=old))
    assert unknown(found) == {
        "d365_compared": "D365 was never compared with what is used of it",
        "lists_compared": "last looked at 2017-12-23 03:00 UTC, which is too long ago",
    }
    assert verdict_of(found) == "2 not known"


def test_a_day_that_is_not_over_is_not_called_in_order() -> None:
    found = daily_results(replace(seen(ahead=["S1"]), days=()))
    assert set(unknown(found)) == {
        "days_compiled",
        "all_in_d365",
        "all_posted",
        "nothing_unexplained",
        "days_proved",
        "days_signed",
    }
    assert unknown(found)["days_proved"] == "the day is not over in 1 of its stores"
    nothing = daily_results(replace(seen(), days=()))
    assert unknown(nothing)["days_signed"] == "no store-day of this day has a statement"


def month(*blockers: Blocker, **changes: object) -> MonthlySeen:
    found = Readiness("Not ready" if blockers else "Ready", blockers)
    whole = MonthlySeen(NOW, found, {}, (), (), (), (), LOOKED, LOOKED)
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_a_month_that_can_be_closed_is_in_order_whole() -> None:
    assert verdict_of(monthly_results(month())) == "all 15 checks in order"


def test_each_kind_of_obstacle_to_a_close_belongs_to_a_monthly_check() -> None:
    text = Path(readiness.__file__).read_text(encoding="utf-8")
    kinds = set(re.findall(r'Blocker\(\s*"([^"]+)"', text))
    assert len(kinds) == 9
    assert kinds == set(BY_KIND)
    for kind, check in BY_KIND.items():
        blocker = Blocker(kind, "It is in the way.", "finance", "USD", Decimal("7.00"), 3, "S1")
        (found,) = (one for one in monthly_results(month(blocker)) if one.items)
        assert found.check is check
        assert found.items == (Item("It is in the way.", "finance", "S1", Decimal("7.00"), "USD", 3),)


def test_a_month_is_found_wrong_in_what_its_readiness_does_not_ask() -> None:
    found = monthly_results(
        month(
            lacking={"USD": (3, Decimal("64.10")), "CAD": (0, Decimal(0))},
            late=[("S1", DAY, date(2018, 1, 1))],
            not_visible=[("S2", DAY)],
            unnamed=["rounding"],
            unchecked=[date(2017, 12, 25), DAY],
            reference=replace(LOOKED, wrong=("Our mappings name a warehouse that D365 does not have.",)),
        )
    )
    assert wrong(found) == {
        "ledger_lacks_nothing": ["3 receipts are not in the ledger."],
        "nothing_elsewhere": ["Receipts of store S1 for 2017-12-23 are posted on 2018-01-01."],
        "vouchers_seen": ["Store S2 on 2017-12-23: its vouchers were not read, or D365 does not show them."],
        "accounts_named": ["No account is named for rounding."],
        "month_lists": ["Our mappings name a warehouse that D365 does not have."],
        "days_checked": [
            "No daily check was kept for 2017-12-23 after it was over.",
            "No daily check was kept for 2017-12-25 after it was over.",
        ],
    }


async def a_morning_after(hand: Hand) -> Services:
    """A store of the mapping tests, its day over, and 24.00 held by a tender nobody mapped."""
    services = await flow_services(hand)
    hand.turn(hours=20)
    member = Member(
        RECEIPT, "S1", "east T1", amount=Decimal("24.00"), currency="USD", business_day="2017-12-23"
    )
    other = Member(RECEIPT, "elsewhere", "east T2", amount=Decimal("5.00"), currency="USD")
    rows = [cause_row(cause("tender_unmapped", "KLARNA"), one, hand()) for one in (member, other)]
    await open_causes(services.tables.causes, rows)
    return services


def test_checks_are_made_from_what_is_kept_and_nothing_is_written_by_asking() -> None:
    async def story() -> None:
        services = await a_morning_after(Hand())
        report = await run_checks(services, "daily", "usrt", "2017-12-23")
        assert report is not None
        body = report.as_json()
        mapped = next(one for one in body["checks"] if one["key"] == "codes_mapped")
        assert (mapped["state"], mapped["amounts"], mapped["receipts"]) == (
            "not in order",
            {"USD": "29.00"},
            2,
        )
        assert mapped["items"][0]["runbook"] == "docs/handover/runbooks/tender_unmapped.md"
        assert mapped["items"][0]["fingerprint"] == "tender_unmapped~KLARNA"
        assert [row async for row in services.tables.checks.query()] == []
        assert await run_checks(services, "daily", "none", "2017-12-23") is None
        lines = report.as_csv().splitlines()
        assert lines[0].startswith("check,owner,state,what")
        assert any("KLARNA" in line and "29.00" in line for line in lines)

    run(story())


def test_a_check_that_is_kept_names_who_made_it_and_stays_as_it_was() -> None:
    async def story() -> None:
        hand = Hand()
        services = await a_morning_after(hand)
        for note in ("the store was asked", "nothing new"):
            kept = await keep_checks(services, "daily", "usrt", "2017-12-23", DESK, note)
            assert kept is not None
            hand.turn(minutes=5)
        made = await list_checks(services, "daily", "usrt")
        assert [(one["by"], one["note"]) for one in made] == [
            ("store operations desk", "nothing new"), ("store operations desk", "the store was asked"),
        ]  # fmt: skip
        assert kept is not None
        assert made[0]["verdict"] == kept["verdict"]
        assert await list_checks(services, "daily", "usrt", "2017-12-24") == []
        assert await list_checks(services, "monthly", "usrt") == []
        (row, _) = [row async for row in services.tables.checks.query()]
        assert (row.text("Cadence"), row.text("Period"), row.text("By")) == (
            "daily",
            "2017-12-23",
            "store operations desk",
        )
        assert "codes_mapped" in row.text("Which").split(", ")

    run(story())


def test_a_check_that_was_kept_before_its_day_was_over_is_not_that_days_check() -> None:
    async def story() -> None:
        hand = Hand()
        services = await a_morning_after(hand)  # the morning of the 24th
        values = {"Store": "S1", "BusinessDay": "2017-12-24", "Verdict": "proved", "Currency": "USD"}
        figures = dict.fromkeys(("Received", "InD365", "Posted", "Unexplained"), "0.00")
        early = await keep_checks(services, "daily", "usrt", "2017-12-24", DESK, "in advance")
        assert early is not None
        assert early["is_over"] is False
        hand.turn(days=1)
        row = Row("usrt~2017-12-24", "usrt~2017-12-24~S1", {**values, **figures})
        await services.tables.storedays.upsert(row)
        asked = "No daily check was kept for 2017-12-24 after it was over."
        for expected in ([asked], None):
            report = await run_checks(services, "monthly", "usrt", "2017-12")
            assert report is not None
            assert wrong(report.results).get("days_checked") == expected
            await keep_checks(services, "daily", "usrt", "2017-12-24", DESK, "")

    run(story())


def test_a_month_asks_for_the_daily_checks_of_each_day_it_traded_on() -> None:
    async def story() -> None:
        hand = Hand()
        services = await a_morning_after(hand)
        for day in ("2017-12-23", "2017-12-24"):
            partition, figures = (
                f"usrt~{day}",
                dict.fromkeys(("Received", "InD365", "Posted", "Unexplained"), "0.00"),
            )
            values = {"Store": "S1", "BusinessDay": day, "Verdict": "proved", "Currency": "USD", **figures}
            await services.tables.storedays.upsert(Row(partition, f"{partition}~S1", values))
        await keep_checks(services, "daily", "usrt", "2017-12-23", DESK, "")
        await services.tables.storedays.upsert(late_row("usrt", "S1", DAY, date(2018, 1, 2)))
        report = await run_checks(services, "monthly", "usrt", "2017-12")
        assert report is not None
        found = wrong(report.results)
        assert found["days_checked"] == ["No daily check was kept for 2017-12-24 after it was over."]
        assert found["nothing_elsewhere"] == ["Receipts of store S1 for 2017-12-23 are posted on 2018-01-02."]
        assert set(found) >= {"period_over", "causes_ended", "accounts_named", "tills_heard"}

    run(story())


@pytest.mark.parametrize(
    ("cadence", "period"),
    [
        ("hourly", "2017-12-23"),
        ("daily", "2017-12"),
        ("monthly", "2017-13"),
        ("monthly", "2017-12-23"),
        ("daily", "20171223"),
        ("daily", "2017-W51-6"),
        ("daily", "0001-01-01"),
        ("daily", "9999-12-31"),
    ],
)
def test_what_is_no_check_no_day_or_no_month_is_refused(cadence: str, period: str) -> None:
    async def story() -> None:
        await run_checks(await a_morning_after(Hand()), cadence, "usrt", period)

    with pytest.raises(RejectedError):
        run(story())


def test_a_check_that_found_very_much_is_kept_with_its_figures_and_fewer_items() -> None:
    items = [
        {"what": "Store is not signed off." * 3, "owner": "finance", "store": str(number)}
        for number in range(2_000)
    ]
    body = {
        "verdict": "1 of 1 checks not in order",
        "is_over": True,
        "checks": [{"key": "k", "state": "not in order", "count": 2_000, "items": items}],
    }
    row = check_row("daily", "usrt", "2017-12-23", body, who="x", note="", at=NOW, unique="00")
    assert len(row.text("Found")) < TEXT_UNITS_MAX
    assert '"count":2000' in row.text("Found")
    assert '"what"' in row.text("Found")
