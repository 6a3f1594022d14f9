"""Overlaps, gaps and busy tills, written out by hand and judged twice: by our check, and by the simulator's own, which shares
no code with it. Times are of 23 December; `y` is the day before, `n` the day after. `A2` is till A's second drawer, which is
a register of its own in D365; `B>A/1@09:00` a receipt of till B in a shift of till A's drawer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.retail.drawers import drawer_name
from shared.retail.figures import Figures
from shared.retail.shift import BLIND_CLOSED, SUSPENDED, Shift
from shared.retail.shift_tiling import Act, Finding, Rung, Trading, findings_of
from shared.retail.till_busy import Told, busy_tills
from simulator.shift_checks import shift_problems, store_problems
from tests.contract.simulator_office import Office
from tests.contract.simulator_receipts import SETUP

DAY = date(2017, 12, 23)
MIDNIGHT = datetime(2017, 12, 24, tzinfo=UTC)
DAYS = {"y": -1, "": 0, "n": 1}
TENDERS = Figures(count=1, total=Decimal("24.00"), tenders={"CASH": Decimal("24.00")})
SHIFT = re.compile(
    r"(?:(?P<till>\w\d?)/)?(?P<day>y?)(?P<name>\d+) (?P<opens>\S+)-(?P<closes>\S+)(?P<state> blind| suspended)?"
)
RUNG = re.compile(r"(?:(?P<by>\w)>)?(?:(?P<till>\w\d?)/)?(?P<name>\d*)@(?P<at>\S+)")


@dataclass(frozen=True, slots=True)
class Case:
    """ours: flaw, shift and what is proposed. theirs: what headquarters says. told: closing status or flags of D365's.

    busy: the tills that both call busy.
    """

    name: str
    shifts: str
    rung: str = ""
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    busy: str = ""
    told: str = ""


CASES = [
    Case("one shift the whole day", "1 08:00-20:00", "1@09:00"),
    Case("two that meet", "1 08:00-12:00, 2 12:00-20:00", "1@09:00, 2@12:00"),
    Case("two with a pause and nothing sold in it", "1 08:00-12:00, 2 13:00-20:00", "1@09:00, 2@14:00"),
    Case("three in a row", "1 06:00-10:00, 2 10:00-14:00, 3 14:00-22:00", "2@10:00, 3@21:59"),
    Case("the same hours at two tills", "A/1 08:00-20:00, B/1 08:00-20:00", "A/1@09:00, B/1@09:00"),
    Case("crossing shifts of two tills", "A/1 08:00-14:00, B/2 12:00-20:00", "A/1@13:00"),
    Case("over midnight and the next day after it", "1 18:00-02:00n", "1@01:00n"),
    Case("yesterday's ended before today's began", "y1 22:00y-02:00, 1 08:00-20:00", "1@09:00"),
    Case("yesterday's ended just as today's began", "y1 22:00y-06:00, 1 06:00-20:00", "1@09:00"),
    Case("a receipt at the very end of its shift", "1 08:00-12:00, 2 12:00-20:00", "1@12:00"),
    Case("an empty shift between two", "1 08:00-12:00, 2 12:00-12:30, 3 12:30-20:00", "3@13:00"),
    Case("a receipt that names no shift and is in one", "1 08:00-20:00", "@09:00"),
    Case("a minute shared and nothing sold in it", "1 08:00-12:01, 2 12:00-20:00", "1@11:00",
         ("overlap 1>2 end by head office 12:00",), ("overlap 1+2",), "A"),
    Case("twenty minutes shared, sold in both", "1 08:00-12:20, 2 12:00-20:00", "1@12:10, 2@12:05",
         ("overlap 1>2 split 12:00",), ("overlap 1+2",), "A"),
    Case("a second shared", "1 08:00-12:00:01, 2 12:00-20:00", "",
         ("overlap 1>2 end by head office 12:00",), ("overlap 1+2",), "A"),
    Case("one within the other", "1 08:00-20:00, 2 12:00-13:00", "1@12:30",
         ("overlap 1>2 split 12:00",), ("overlap 1+2",), "A"),
    Case("one within the other, which goes on", "1 08:00-20:00, 2 12:00-13:00", "1@15:00",
         ("overlap 1>2 ask the store",), ("overlap 1+2",), "A"),
    Case("both opened at once", "1 08:00-12:00, 2 08:00-20:00", "1@09:00",
         ("overlap 1>2 ask the store",), ("overlap 1+2",), "A"),
    Case("the very same hours", "1 08:00-20:00, 2 08:00-20:00", "",
         ("overlap 1>2 ask the store",), ("overlap 1+2",), "A"),
    Case("three that all share noon", "1 08:00-13:00, 2 11:00-14:00, 3 12:00-20:00", "",
         ("overlap 1>2 end by head office 11:00", "overlap 1>3 end by head office 12:00",
          "overlap 2>3 end by head office 12:00"),
         ("overlap 1+2", "overlap 1+3", "overlap 2+3"), "A"),
    Case("a long one over two short ones", "1 08:00-20:00, 2 09:00-10:00, 3 11:00-12:00", "",
         ("overlap 1>2 end by head office 09:00", "overlap 1>3 end by head office 11:00"),
         ("overlap 1+2", "overlap 1+3"), "A"),
    Case("an overlap at one till of two", "A/1 08:00-12:30, A/2 12:00-20:00, B/1 08:00-12:00, B/2 12:00-20:00", "",
         ("overlap 1>2 end by head office 12:00",), ("overlap 1+2",), "A"),
    Case("overlaps at two tills", "A/1 08:00-12:30, A/2 12:00-20:00, B/1 08:00-13:00, B/2 12:00-20:00", "B/1@12:15",
         ("overlap 1>2 end by head office 12:00", "overlap 1>2 split 12:00"), ("overlap 1+2", "overlap 1+2"), "AB"),
    Case("yesterday's reaches into today's", "y9 22:00y-06:30, 1 06:00-20:00", "",
         ("overlap 9>1 end by head office 06:00",), ("overlap 9+1",), "A"),
    Case("over midnight into the night's next", "1 18:00-00:30n, 2 23:30-06:00n", "1@00:10n",
         ("overlap 1>2 split 23:30",), ("overlap 1+2",), "A"),
    Case("never closed, and the only one", "1 08:00-?", "1@09:00, 1@19:30",
         ("never closed 1 end by head office 19:30:01",), ("open 1",), "A"),
    Case("never closed and never used", "1 08:00-?", "", ("never closed 1 ask the store",), ("open 1",), "A"),
    Case("never closed before the next", "1 08:00-?, 2 12:00-20:00", "1@11:00",
         ("never closed 1>2 end by head office 12:00",), ("open 1", "overlap 1+2"), "A"),
    Case("never closed and sold in beside the next", "1 08:00-?, 2 12:00-20:00", "1@13:00",
         ("never closed 1>2 split 12:00",), ("open 1", "overlap 1+2"), "A"),
    Case("the last one never closed", "1 08:00-12:00, 2 12:00-?", "2@19:00",
         ("never closed 2 end by head office 19:00:01",), ("open 2",), "A"),
    Case("none closed", "1 08:00-?, 2 12:00-?", "1@09:00, 2@13:00",
         ("never closed 1>2 end by head office 12:00", "never closed 2 end by head office 13:00:01"),
         ("open 1", "open 2", "overlap 1+2"), "A"),
    Case("yesterday's was never closed", "y9 08:00y-?, 1 08:00-20:00", "",
         ("never closed 9>1 ask the store",), ("open 9", "overlap 9+1"), "A"),
    Case("yesterday's was never closed and the till rests today", "y9 08:00y-?, B/1 08:00-20:00", "",
         ("never closed 9 ask the store",), ("open 9",), "A"),
    Case("two tills never closed", "A/1 08:00-?, B/1 08:00-?", "A/1@09:00",
         ("never closed 1 end by head office 09:00:01", "never closed 1 ask the store"), ("open 1", "open 1"), "AB"),
    Case("put aside without a count", "1 08:00-12:00 blind", "1@11:00",
         ("blind closed 1 end by head office 12:00",), ("open 1",), "A"),
    Case("put aside without a count, and the next", "1 08:00-12:00 blind, 2 12:00-20:00", "1@11:00, 2@13:00",
         ("blind closed 1 end by head office 12:00",), ("open 1", "overlap 1+2"), "A"),
    Case("put aside without a count and sold in after", "1 08:00-12:00 blind", "1@12:30",
         ("blind closed 1 ask the store", "closed before its last sale 1 end by head office 12:30:01"), ("open 1",), "A"),
    Case("suspended and forgotten", "1 08:00-12:00 suspended", "1@11:00",
         ("suspended 1 end by head office 12:00",), ("open 1",), "A"),
    Case("suspended for another that was closed", "1 08:00-12:00 suspended, 2 13:00-20:00", "2@14:00",
         ("suspended 1 end by head office 12:00",), ("open 1", "overlap 1+2"), "A"),
    Case("a sale in the pause that names no shift", "1 08:00-12:00, 2 13:00-20:00", "1@09:00, @12:30",
         ("gap 1>2 end by head office 13:00",)),
    Case("a sale in the pause that names the earlier", "1 08:00-12:00, 2 13:00-20:00", "1@12:30",
         ("closed before its last sale 1 end by head office 12:30:01",)),
    Case("two gaps", "1 08:00-10:00, 2 11:00-12:00, 3 13:00-20:00", "@10:30, @12:30",
         ("gap 1>2 end by head office 11:00", "gap 2>3 end by head office 13:00")),
    Case("closed before its last sale, the next running", "1 08:00-12:00, 2 12:00-20:00", "1@12:10",
         ("closed before its last sale 1>2 split 12:00",)),
    Case("closed before its last sale, the last of the day", "1 08:00-20:00", "1@20:05",
         ("closed before its last sale 1 end by head office 20:05:01",)),
    Case("a sale before its shift was opened", "1 08:00-20:00", "1@07:55", ("sale outside any shift 1 ask the store",)),
    Case("a sale before the first shift that names none", "1 08:00-20:00", "@07:00",
         ("sale outside any shift  ask the store",)),
    Case("a sale after the last shift that names none", "1 08:00-20:00", "@21:00",
         ("sale outside any shift  ask the store",)),
    Case("a sale in a shift that nobody told of", "1 08:00-20:00", "7@09:00", ("sale outside any shift 7 ask the store",)),
    Case("a gap that spans midnight", "1 18:00-23:30, 2 00:30n-06:00n", "@00:10n", ("gap 1>2 end by head office 00:30n",)),
    Case("receipts still offline at the till", "1 08:00-20:00", "", (), ("offline 1",), "A", "offline 1"),
    Case("headquarters is closing the till", "1 08:00-20:00", "", (), ("Closing",), "A", "status Closing"),
    Case("headquarters failed to close the till", "1 08:00-20:00", "", (), ("Error",), "A", "status Error"),
    Case("open in the till's own database and closed in D365", "1 08:00-20:00", "", (), ("stuck 1",), "A", "stuck 1"),
    Case("an overlap, and receipts offline", "1 08:00-12:30, 2 12:00-20:00", "",
         ("overlap 1>2 end by head office 12:00",), ("offline 2", "overlap 1+2"), "A", "offline 2"),
    Case("two drawers of one till, open at once", "A/1 08:00-20:00, A2/2 09:00-18:00", "A/1@10:00, A2/2@10:00"),
    Case("two drawers of one till, the same shift number and hours", "A/1 08:00-20:00, A2/1 08:00-20:00", "A2/1@09:00"),
    Case("a till's second drawer opened again before it was closed", "A/1 08:00-20:00, A2/2 09:00-14:00, A2/3 13:00-18:00",
         "A/1@13:30, A2/2@13:30", ("overlap 2>3 split 13:00",), ("overlap 2+3",), "A2"),
    Case("both drawers of a till opened again too early",
         "A/1 08:00-13:00, A/2 12:00-20:00, A2/1 08:00-13:00, A2/2 12:00-20:00", "",
         ("overlap 1>2 end by head office 12:00", "overlap 1>2 end by head office 12:00"),
         ("overlap 1+2", "overlap 1+2"), "AA2"),
    Case("a till's second drawer never closed", "A/1 08:00-20:00, A2/2 09:00-?", "A2/2@10:00",
         ("never closed 2 end by head office 10:00:01",), ("open 2",), "A2"),
    Case("a receipt in one drawer's pause while the other is open",
         "A/1 08:00-20:00, A2/2 09:00-12:00, A2/3 13:00-18:00", "A2/@12:30",
         ("gap 2>3 end by head office 13:00",)),
    Case("one drawer of two tills", "A/1 08:00-12:00, A/2 12:00-20:00", "A/1@09:00, B>A/1@11:59, B>A/2@12:30"),
    Case("one drawer of two tills, and one of them has its own too",
         "A/1 08:00-20:00, B/1 10:00-12:00", "B>A/1@09:00, B/1@11:00, B>A/1@13:00"),
    Case("one drawer of two tills, one sells on after it was closed", "A/1 08:00-12:00", "A/1@11:00, B>A/1@12:10",
         ("closed before its last sale 1 end by head office 12:10:01",)),
    Case("one drawer of two tills, opened again by the other", "A/1 08:00-12:20, A/2 12:00-20:00", "B>A/2@12:05, A/1@12:10",
         ("overlap 1>2 split 12:00",), ("overlap 1+2",), "A"),
    Case("one drawer of two tills, never closed", "A/1 08:00-?", "B>A/1@19:00",
         ("never closed 1 end by head office 19:00:01",), ("open 1",), "A"),
]  # fmt: skip


def instant(text: str) -> datetime:
    days = DAYS[text[-1]] if text[-1] in "yn" else 0
    hours = [int(one) for one in text.rstrip("yn").split(":")]
    return datetime(2017, 12, 23, *hours, tzinfo=UTC) + timedelta(days=days)


def till_of(found: re.Match[str]) -> str:
    return found["till"] or "A"


def drawer_of(found: re.Match[str]) -> str:
    till, number = till_of(found)[:1], till_of(found)[1:]
    return drawer_name(till, number)


def our_shift(text: str) -> Shift:
    found = SHIFT.fullmatch(text)
    assert found, text
    closes = None if found["closes"] == "?" else instant(found["closes"])
    state = {" blind": BLIND_CLOSED, " suspended": SUSPENDED}.get(found["state"] or "", "")
    return Shift(
        drawer_of(found), found["name"], instant(found["opens"]), None if state else closes, state=state,
        stopped_at=closes if state else None, day=DAY - timedelta(days=1) if found["day"] else DAY,
    )  # fmt: skip


def our_rung(text: str) -> Rung:
    found = RUNG.fullmatch(text)
    assert found, text
    by = (found["by"] or till_of(found)[:1], 1)
    return Rung(drawer_of(found), found["name"], instant(found["at"]), text, TENDERS, day=DAY, till=by)


def their_row(text: str, told: str) -> dict[str, Any]:
    """The shift as D365 would have it: open unless it was closed with all that belongs to it."""
    found = SHIFT.fullmatch(text)
    assert found, text
    closed = found["closes"] != "?" and not found["state"]
    row: dict[str, Any] = {
        "Terminal": till_of(found), "BatchShiftId": int(found["name"]), "StoreNumber": "367",
        "Status": "Closed" if closed else "Open", "StartDateTimeUtc": instant(found["opens"]),
        "StartDate": instant(found["opens"]).replace(hour=0, minute=0, second=0),
        "HasPendingOfflineTransactions": "Yes" if told == f"offline {found['name']}" else "No",
    }  # fmt: skip
    return row | ({"CloseDateTimeUtc": instant(found["closes"])} if closed else {})


def parts(text: str) -> list[str]:
    return [one for one in text.split(", ") if one]


def in_short(finding: Finding) -> str:
    at = finding.proposal.at
    when = ""
    if at is not None:
        seconds = f":{at:%S}" if at.second else ""
        when = f" {at:%H:%M}{seconds}{'n' if at.date() > DAY else ''}"
    others = f">{finding.others[0]}" if finding.others else ""
    return f"{finding.flaw} {finding.shift}{others} {finding.proposal.act}{when}"


def headquarters_in_short(texts: Iterable[str]) -> list[str]:
    forms = {
        r"shift (\d+) is still open": "open {}", r"shifts (\d+) and (\d+) overlap": "overlap {}+{}",
        r"shift (\d+) has pending offline": "offline {}", r"shift (\d+) is open in the channel": "stuck {}",
        r"closing status is (\w+)": "{}",
    }  # fmt: skip
    found = []
    for text in texts:
        (match,) = [(form, one) for form, name in forms.items() if (one := re.search(form, text))]
        found.append(forms[match[0]].format(*match[1].groups()))
    return found


def judged_by_us(case: Case) -> tuple[Finding, ...]:
    trading = Trading(ends_at=MIDNIGHT, as_of=MIDNIGHT + timedelta(hours=8))
    return findings_of(map(our_shift, parts(case.shifts)), map(our_rung, parts(case.rung)), trading)


def told_by_d365(case: Case) -> list[Told]:
    what, _, value = case.told.partition(" ")
    return {
        "": [], "status": [Told("A", value)], "offline": [Told("A", offline=(value,))], "stuck": [Told("A", in_error=(value,))],
    }[what]  # fmt: skip


def judged_by_headquarters(case: Case) -> list[str]:
    what, _, value = case.told.partition(" ")
    rows = [their_row(one, case.told) for one in parts(case.shifts)]
    stuck = {("367", f"A:{value}")} if what == "stuck" else set()
    office = Office(SETUP)
    tills = [
        {
            "TerminalNumber": "A",
            "StoreNumber": "367",
            **({"ClosingStatus": value} if what == "status" else {}),
        }
    ]
    office.set_up({"terminals": tills})
    reference = office.world.database.reference
    problems = [*shift_problems(rows, DAY.isoformat(), stuck)]
    problems += store_problems(reference, reference.stores["367"], DAY.isoformat())
    return [text for _, text in problems]


def test_there_are_forty_cases_or_more_and_no_two_alike() -> None:
    assert len(CASES) >= 40
    assert len({one.name for one in CASES}) == len(CASES)
    assert len({(one.shifts, one.rung, one.told) for one in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_a_case_is_judged_right_by_us(case: Case) -> None:
    found = judged_by_us(case)
    assert sorted(map(in_short, found)) == sorted(case.ours)
    busy = [one.terminal.replace(" drawer ", "") for one in busy_tills(found, told_by_d365(case))]
    assert "".join(busy) == case.busy


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_a_case_is_judged_right_by_headquarters(case: Case) -> None:
    texts = judged_by_headquarters(case)
    assert sorted(headquarters_in_short(texts)) == sorted(case.theirs)
    busy = {one.split()[1] for one in texts if one.startswith("Terminal ")}
    assert "".join(sorted(busy)) == case.busy


def test_what_is_proposed_for_an_overlap_leaves_none() -> None:
    """Whoever does what is proposed has shifts that tile: both checks agree."""
    for case in CASES:
        findings = judged_by_us(case)
        proposed = {(one.terminal, one.shift, one.day): one.proposal for one in findings if one.makes_busy}
        if not proposed or case.told or any(one.act in (Act.ASK, Act.WAIT) for one in proposed.values()):
            continue
        ended = []
        for shift in map(our_shift, parts(case.shifts)):
            acts = [
                one.proposal.at
                for one in findings
                if one.makes_busy and one.shift == shift.shift and one.terminal == shift.terminal
            ]
            ended.append(_ended(shift, min(at for at in acts if at)) if acts else shift)
        again = findings_of(
            ended, map(our_rung, parts(case.rung)), Trading(MIDNIGHT, MIDNIGHT + timedelta(hours=8))
        )
        assert not [one for one in again if one.makes_busy], case.name


def _ended(shift: Shift, at: datetime) -> Shift:
    return Shift(shift.terminal, shift.shift, shift.opened_at, at, ended_by="a person", day=shift.day)
