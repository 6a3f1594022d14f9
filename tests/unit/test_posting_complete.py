"""Completing by changeset: only what D365 lacks is written, what it says is not believed, what it refuses is held."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from shared.d365.batch import ChangesetResult
from shared.d365.batch import Outcome as Written
from shared.d365.records import HeaderRow, header_row, receipt_key_of
from shared.d365.rows import transaction_rows
from shared.errors import RetryableError, UnknownOutcomeError
from shared.flows.posting.complete import complete
from shared.flows.posting.read_back import Outcome
from shared.flows.posting.slot import Drive, LostLeaseError, take_lease
from shared.retail.kinds import Kind
from shared.retail.mapped import D365Key, MappedTransaction
from shared.storage.protocols import Row
from tests.unit.builders import sale
from tests.unit.flow_services import Hand, flow_services, run
from tests.unit.test_cash_office import counted, moved
from tests.unit.test_mapping import mapped

LINES, PAYMENTS, TAXES = "Sales transactions V2", "Payment transactions V2", "Tax transactions"
ITEM = "The value 'D1001' in field 'ItemId' is not found in the related table 'InventTable'."
CREATED = ChangesetResult(Written.CREATED)
Answer = Callable[[Sequence[Any]], list[ChangesetResult]]


@dataclass
class Kept:
    """A D365 that keeps what it is given. answers: what it does with the next requests, in turn; then it takes all."""

    headers: dict[D365Key, HeaderRow] = field(default_factory=dict)
    children: dict[D365Key, dict[str, list[Any]]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    written: list[list[dict[str, int]]] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def has(self, transaction: MappedTransaction, *labels: str, package: str = "P1", **figures: Any) -> None:
        """Let it have a header, and the rows of these entities."""
        rows = transaction_rows(transaction, package)
        self.headers[transaction.key] = replace(header_row(rows["Transactions"][0]), **figures)
        for label in labels:
            self.children.setdefault(transaction.key, {})[label] = list(rows[label])

    async def headers_by_key(self, keys: Collection[D365Key]) -> list[HeaderRow]:
        self.asked.append([key.transaction_number for key in keys])
        return [self.headers[key] for key in keys if key in self.headers]

    async def children_by_key(self, keys: Collection[D365Key]) -> dict[D365Key, dict[str, list[Any]]]:
        return {key: self.children.get(key, {}) for key in keys}

    async def write_changesets(
        self, receipts: Sequence[Mapping[str, Sequence[Any]]]
    ) -> list[ChangesetResult]:
        self.written.append([{label: len(rows) for label, rows in one.items()} for one in receipts])
        return self.answers.pop(0)(receipts) if self.answers else self.take(receipts)

    def take(self, receipts: Sequence[Mapping[str, Sequence[Any]]]) -> list[ChangesetResult]:
        for one in receipts:
            for label, rows in one.items():
                for row in rows:
                    if label == "Transactions":
                        self.headers[header_row(row).key] = header_row(row)
                    else:
                        self.children.setdefault(receipt_key_of(row), {}).setdefault(label, []).append(row)
        return [CREATED for _ in receipts]


def suspect(transaction: MappedTransaction) -> Outcome:
    number = transaction.key.transaction_number
    return Outcome(
        Row("S1", f"day~{number}", {"TransactionId": number}), transaction, suspect=True, absent=True
    )


async def driven(d365: Any) -> Drive:
    services = await flow_services(Hand(), d365)
    package = Row(
        "env-1", "package~env-1~P1", {"Record": "package", "Package": "P1", "Stage": "reading back"}
    )
    await services.tables.packages.insert(package)
    drive = await take_lease(services)
    assert drive is not None
    await drive.take("P1", services.now(), more=False)
    return drive


def completed(d365: Kept, *transactions: MappedTransaction) -> tuple[list[Outcome], Row]:
    """Complete receipts; give what becomes of each, and the package's row afterwards."""

    async def story() -> tuple[list[Outcome], Row]:
        drive = await driven(d365)
        done = await complete(drive.services, drive, [suspect(one) for one in transactions])
        assert drive.package is not None
        return done, drive.package

    return run(story())


def said(done: Sequence[Outcome]) -> list[str]:
    assert not any(one.absent or one.suspect or one.again for one in done)
    return ["sent" if one.sent else f"{one.held_for.code}: {one.held_for.words.get('words')}" for one in done
            if one.held_for is not None or one.sent]  # fmt: skip


def differing(one: Outcome) -> str:
    assert one.held_for is not None
    assert (one.held_for.code, one.sent) == ("changed_in_d365", False)
    return one.held_for.words["differing"]


def test_a_receipt_that_is_whole_is_sent_and_nothing_is_written() -> None:
    d365, one = Kept(), mapped(sale())
    d365.has(one, LINES, PAYMENTS, TAXES)
    done, package = completed(d365, one)
    assert said(done) == ["sent"]
    assert (done[0].header, done[0].mapped, done[0].row.key) == (d365.headers[one.key], one, "day~east:T1")
    assert (d365.written, d365.asked, "History" in package.values) == ([], [["east:T1"]], False)


def test_only_what_is_missing_is_written_and_then_read_again() -> None:
    d365, one, two = Kept(), mapped(sale(1)), mapped(sale(2))
    d365.has(one, LINES, PAYMENTS)
    d365.has(two, LINES, PAYMENTS, TAXES)
    done, package = completed(d365, two, one)
    assert said(done) == ["sent", "sent"]
    assert [one.mapped.key.transaction_number for one in done] == ["east:T2", "east:T1"]
    assert d365.written == [[{TAXES: 1}]]
    assert d365.asked == [["east:T2", "east:T1"], ["east:T1"]]
    assert package.text("History").endswith("2017-12-23T18:00:00Z completing 1 receipts by changeset")


def test_a_receipt_of_which_nothing_is_there_is_written_whole_under_its_package() -> None:
    d365, one = Kept(), mapped(sale())
    done, _ = completed(d365, one)
    assert said(done) == ["sent"]
    assert d365.written == [[{"Transactions": 1, LINES: 1, PAYMENTS: 2, TAXES: 1}]]
    assert d365.headers[one.key].package == "P1"
    assert done[0].header == d365.headers[one.key]


def test_what_differs_is_told_and_nothing_is_written() -> None:
    d365, one = Kept(), mapped(sale())
    d365.has(one, LINES, gross=Decimal(-99))
    done, _ = completed(d365, one)
    assert (differing(done[0]), d365.written) == ("its header", [])
    assert done[0].mapped is one
    assert done[0].row.key == "day~east:T1"


def test_nothing_is_added_to_a_receipt_that_d365_has_posted() -> None:
    d365, one = Kept(), mapped(sale())
    d365.has(one, LINES, status="Posted")
    done, _ = completed(d365, one)
    assert d365.written == []
    assert differing(done[0]) == f"posted there without 2 of {PAYMENTS}, 1 of {TAXES}"
    assert (done[0].mapped, done[0].row.key) == (one, "day~east:T1")


def test_a_posted_receipt_that_is_whole_is_sent() -> None:
    d365, one = Kept(), mapped(sale())
    d365.has(one, LINES, PAYMENTS, TAXES, status="Posted")
    assert said(completed(d365, one)[0]) == ["sent"]


def test_what_d365_refuses_is_held_in_its_words_and_its_neighbour_is_sent() -> None:
    d365, one, two = Kept(), mapped(sale(1)), mapped(sale(2))

    def refuse_first(receipts: Sequence[Any]) -> list[ChangesetResult]:
        return [ChangesetResult(Written.REFUSED, ITEM), *d365.take(receipts[1:])]

    d365.answers = [refuse_first]
    done, _ = completed(d365, one, two)
    assert said(done) == [f"d365_data_refused: {ITEM}", "sent"]
    assert [len(portion) for portion in d365.written] == [2]
    assert (done[0].mapped, done[0].row.key) == (one, "day~east:T1")


def test_what_an_earlier_call_refused_is_still_known_after_the_last() -> None:
    d365 = Kept()

    def refuse_first(receipts: Sequence[Any]) -> list[ChangesetResult]:
        return [ChangesetResult(Written.REFUSED, ITEM), *d365.take(receipts[1:])]

    d365.answers = [refuse_first]
    done, _ = completed(d365, *(mapped(sale(number)) for number in range(1, 22)))
    assert said(done) == [f"d365_data_refused: {ITEM}", *["sent"] * 20]
    assert [len(portion) for portion in d365.written] == [20, 1]


@pytest.mark.parametrize(
    "result", [CREATED, ChangesetResult(Written.REFUSED), ChangesetResult(Written.ALREADY_THERE)]
)
def test_what_is_still_not_there_is_held_whatever_d365_says(result: ChangesetResult) -> None:
    d365 = Kept(answers=[lambda _: [result]])
    done, _ = completed(d365, mapped(sale()))
    assert said(done) == ["d365_refused: D365 took the receipt's rows and does not have them"]


def test_what_another_wrote_meanwhile_is_judged_as_it_is_there() -> None:
    d365, one = Kept(), mapped(sale())

    def another(_: Sequence[Any]) -> list[ChangesetResult]:
        d365.has(one, LINES, PAYMENTS, TAXES)
        return [ChangesetResult(Written.ALREADY_THERE, "The record already exists.")]

    d365.answers = [another]
    assert said(completed(d365, one)[0]) == ["sent"]


def test_an_answer_that_got_lost_is_for_a_later_look() -> None:
    def lost(_: Sequence[Any]) -> list[ChangesetResult]:
        raise UnknownOutcomeError("no answer")

    d365 = Kept(answers=[lost])
    with pytest.raises(
        RetryableError, match=r"^an answer got lost while receipts were completed: D365 is asked what it has$"
    ):
        completed(d365, mapped(sale()))


@pytest.mark.parametrize(
    ("result", "wait"),
    [
        (ChangesetResult(Written.BUSY, "busy"), 60.0),
        (ChangesetResult(Written.BUSY, "busy", 30.0), 60.0),
        (ChangesetResult(Written.BUSY, "busy", 90.0), 90.0),
        (ChangesetResult(Written.UNKNOWN), 60.0),
    ],
)
def test_a_busy_d365_is_left_alone_for_a_minute_or_as_long_as_it_says(
    result: ChangesetResult, wait: float
) -> None:
    async def story() -> None:
        d365 = Kept(answers=[lambda receipts: [result, *[CREATED] * (len(receipts) - 1)]])
        drive = await driven(d365)
        with pytest.raises(
            RetryableError, match=r"^D365 was busy with receipts that were to be completed$"
        ) as caught:
            await complete(drive.services, drive, [suspect(mapped(sale(1))), suspect(mapped(sale(2)))])
        assert caught.value.wait_seconds == wait
        assert drive.package is not None
        assert drive.package.number("BusyTries") == 1

    run(story())


def test_a_d365_that_stays_busy_is_tried_ten_times_and_then_its_receipts_are_held() -> None:
    async def story() -> None:
        d365 = Kept(answers=[lambda _: [ChangesetResult(Written.BUSY, "Busy as ever.")]] * 11)
        drive = await driven(d365)
        for tries in range(1, 11):
            with pytest.raises(RetryableError):
                await complete(drive.services, drive, [suspect(mapped(sale()))])
            assert drive.package is not None
            assert drive.package.number("BusyTries") == tries
        done = await complete(drive.services, drive, [suspect(mapped(sale()))])
        assert said(done) == ["d365_refused: Busy as ever."]

    run(story())


def test_a_call_holds_twenty_changesets_at_most() -> None:
    d365 = Kept()
    done, package = completed(d365, *(mapped(sale(number)) for number in range(1, 46)))
    assert said(done) == ["sent"] * 45
    assert [len(portion) for portion in d365.written] == [20, 20, 5]
    assert "completing 45 receipts by changeset" in package.text("History")


def test_a_call_holds_two_hundred_rows_at_most_unless_one_receipt_has_more() -> None:
    long = mapped(sale(1, lines=tuple(replace(sale().lines[0], line_number=n) for n in range(1, 49))))
    d365 = Kept()
    # 48 lines, 48 taxes, 2 payments and the header are 99 rows; two such receipts are 198, with the small one's 5 203.
    again = [replace(long, key=replace(long.key, transaction_number=f"east:L{n}")) for n in (1, 2, 3)]
    completed(d365, *again[:2], mapped(sale(9)), again[2])
    assert [len(portion) for portion in d365.written] == [2, 2]
    exact = Kept()
    for one in again[:2]:
        exact.has(one, PAYMENTS)
    small = mapped(sale(9))
    exact.has(small, LINES)
    completed(exact, *again[:2], small, mapped(sale(8)))
    # 96 + 96 + 3 = 195, and 5 more are 200: all in one call.
    assert [len(portion) for portion in exact.written] == [4]
    huge = Kept()
    giant = mapped(sale(1, lines=tuple(replace(sale().lines[0], line_number=n) for n in range(1, 131))))
    completed(huge, mapped(sale(2)), giant, mapped(sale(3)))
    assert [len(portion) for portion in huge.written] == [1, 1, 1]


def test_two_hundred_are_looked_at_in_one_step() -> None:
    d365 = Kept()
    whole = [mapped(sale(number)) for number in range(1, 202)]
    for one in whole:
        d365.has(one, LINES, PAYMENTS, TAXES)
    done, _ = completed(d365, *whole)
    assert (len(done), len(d365.asked[0])) == (200, 200)


def test_each_call_is_made_only_by_who_still_drives() -> None:
    async def story() -> None:
        d365 = Kept()
        drive = await driven(d365)

        def somebody_drives(receipts: Sequence[Any]) -> list[ChangesetResult]:
            drive.slot = replace(drive.slot, etag="another's")
            return d365.take(receipts)

        d365.answers = [somebody_drives]
        with pytest.raises(LostLeaseError):
            await complete(drive.services, drive, [suspect(mapped(sale(number))) for number in range(1, 22)])
        assert [len(portion) for portion in d365.written] == [20]

    run(story())


def test_what_has_no_set_of_its_own_is_held_and_the_others_are_completed() -> None:
    d365, drop, one = Kept(), moved(Kind.BANK_DROP, "-400.00"), mapped(sale(2))
    done, _ = completed(d365, drop, one)
    words = "D365 did not take Banked tender transactions from the data package, and no other way is open"
    assert said(done) == [f"d365_refused: {words}", "sent"]
    assert [len(portion) for portion in d365.written] == [1]
    assert (done[0].mapped, done[0].row.key) == (drop, f"day~{drop.key.transaction_number}")


def test_several_entities_without_a_set_are_named_together() -> None:
    own = replace(counted(), declared_as="Tender declarations")
    done, _ = completed(Kept(), own)
    assert said(done) == [
        "d365_refused: D365 did not take Tender declarations from the data package, and no other way is open"
    ]


def test_a_count_that_d365_shows_nobody_is_believed_where_its_changeset_was_taken() -> None:
    d365, count = Kept(), counted()
    done, _ = completed(d365, count)
    assert said(done) == ["sent"]
    assert done[0].header == d365.headers[count.key]
    refused = Kept(answers=[lambda _: [ChangesetResult(Written.REFUSED, ITEM)]])
    assert said(completed(refused, count)[0]) == [f"d365_data_refused: {ITEM}"]


def test_a_count_of_which_nothing_came_is_not_believed_and_one_beside_its_header_is_in_doubt() -> None:
    nothing = Kept(answers=[lambda _: [CREATED]])
    expected = "d365_refused: D365 took the receipt's rows and does not have them"
    assert said(completed(nothing, counted())[0]) == [expected]
    beside, count = Kept(), counted()
    beside.has(count)
    (one,) = completed(beside, count)[0]
    assert "D365 does not show what it has of these" in differing(one)


def test_a_sale_is_never_believed_unseen() -> None:
    d365, one = Kept(), mapped(sale())

    def header_only(receipts: Sequence[Any]) -> list[ChangesetResult]:
        d365.has(one)
        return [CREATED]

    d365.answers = [header_only]
    assert said(completed(d365, one)[0]) == [
        "d365_refused: D365 took the receipt's rows and does not have them"
    ]
