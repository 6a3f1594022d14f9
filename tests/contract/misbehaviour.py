"""What D365, its people and its neighbours do to a day of two receipts, case by case, with what must come of it by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.flows.release_exceptions import release_exceptions
from tests.contract.posting_world import SETUP, PostingWorld
from tests.unit.documents import sale_document, shift_document, totals_of
from tests.unit.flow_services import DESK

Story = Callable[[PostingWorld], Awaitable[None]]
CALLS, IMPORTS, PEOPLE = "When it answers badly", "When imports go wrong", "When people and neighbours act"
LINES, PAYMENTS = "RetailTransactionSalesLinesV2", "RetailTransactionPaymentLinesV2"
RECEIPT = {"TransactionNumber": "east:T1"}
ALL_POSTED = {"posted": 2}


@dataclass(frozen=True, slots=True)
class Case:
    """One misbehaviour. before: ordered before the receipts are sent; after: once D365 has them, or at its time.

    becomes: receipts by status when time has passed; told: codes of all causes that were opened; stays: those still open.
    mend: what a person then does, in words and in deed; mended: receipts by status after it. kept: what a person wrote into
    D365 and must still be there.
    """

    group: str
    name: str
    before: Story | None = None
    after: Story | None = None
    becomes: dict[str, int] | None = None
    told: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    mend_words: str = ""
    mend: Story | None = None
    mended: dict[str, int] | None = None
    kept: tuple[str, str, object] | None = None
    posts: int = 2
    minutes: int = 240


def fault(kind: str, **options: object) -> Story:
    async def story(world: PostingWorld) -> None:
        await world.fault(kind, **options)

    return story


def for_minutes(kind: str, minutes: int, **options: object) -> Story:
    async def story(world: PostingWorld) -> None:
        until = world.hand() + timedelta(minutes=minutes)
        await world.fault(kind, **{"from": world.hand().isoformat(), "until": until.isoformat()}, **options)

    return story


def sim(name: str, body: dict[str, Any]) -> Story:
    async def story(world: PostingWorld) -> None:
        await world.sim(name, body)

    return story


def once_sent(story: Story) -> Story:
    """Let it happen when both receipts have been read back, before headquarters has looked at them."""

    async def told(world: PostingWorld) -> None:
        await world.drive_until("sent", jobs=False)
        await story(world)

    return told


def once_posted(story: Story) -> Story:
    async def told(world: PostingWorld) -> None:
        await world.drive_until("posted")
        await story(world)

    return told


def all_of(*stories: Story) -> Story:
    async def told(world: PostingWorld) -> None:
        for story in stories:
            await story(world)

    return told


def at_the_completing_call(kind: str, **options: object) -> Story:
    """Order a fault for the changeset that completes receipts: the second batch, after the one that looks what is missing."""

    async def story(world: PostingWorld) -> None:
        calls = 0

        async def watch(effect: str) -> None:
            nonlocal calls
            calls += effect == "d365 POST $batch"
            if calls == 2 and effect == "d365 POST $batch":
                await world.fault(kind, action="$batch", **options)

        world.effects.meanwhile = watch

    return story


async def judged_before_completed(world: PostingWorld) -> None:
    """Headquarters' validation runs when a receipt's lines are missing still, and refuses it."""
    done = False

    async def watch(effect: str) -> None:
        nonlocal done
        if effect == "d365 POST $batch" and not done:
            done = True
            await world.sim("jobs/validate", {})
            assert (await world.sim("state"))["validation_errors"]

    world.effects.meanwhile = watch


def not_allowed(name: str, body: dict[str, Any]) -> Story:
    """Somebody wants to do something that D365 does not let them do."""

    async def story(world: PostingWorld) -> None:
        answer = await world.http.post(f"{world.url}/_sim/{name}", json=body)
        assert answer.status_code == 400, answer.text

    return story


async def history_deleted(world: PostingWorld) -> None:
    """An administrator deletes the import from D365's list of jobs."""
    [package] = await world.packages()
    answer = await world.action("DeleteExecutionHistoryJob", {"executionId": package.text("ExecutionId")})
    assert answer.is_success, answer.text


async def a_shift_got_stuck(world: PostingWorld) -> None:
    """A till trades in a shift of its own and closes it; in the till's own database it stays open."""
    opened, closed = "2017-12-23T08:00:00-05:00", "2017-12-23T12:30:00-05:00"
    totals = totals_of(1, "24.00", "20.00", "4.00", 4, 4)
    await world.send(
        shift_document(3, "SHIFT_OPEN", "1", opened), sale_document(4, shift="1"),
        shift_document(5, "SHIFT_CLOSE", "1", opened, closed, totals),
    )  # fmt: skip
    for _ in range(60):
        if await world.rows("RetailPosBatches"):
            break
        await world.beat(jobs=False)
    await world.sim("shifts/stuck", STUCK)
    await world.sim("jobs/statements/financial", {})
    await world.drive(30, jobs=False)


def released(code: str) -> Story:
    async def story(world: PostingWorld) -> None:
        fingerprint = (await world.causes())[code]["fingerprint"]
        assert await release_exceptions(world.services, fingerprint, DESK, "decided") is not None

    return story


async def restored(world: PostingWorld) -> None:
    """The environment is set back to before the receipts came; the next day's receipt is posted in it."""
    await world.sim("restore", {})
    await world.send(sale_document(3))


async def snapshot_first(world: PostingWorld) -> None:
    await world.sim("snapshot", {})


CLOSED = {"legal_entities": [SETUP["legal_entities"][0] | {"open_periods": [["2018-01-01", "2018-01-31"]]}]}
OPEN = {"legal_entities": SETUP["legal_entities"]}
GONE = {"removed": [{"section": "items", "key": ["usrt", "D1001"]}]}
HALF = fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T1"])
STUCK = {"StoreNumber": "NY01", "Terminal": "NY01-1", "BatchShiftId": 20171223010001}
TILL = {"TerminalNumber": "NY01-1", "StoreNumber": "NY01"}

CASES = (
    Case(CALLS, "It is short of resources and says when to come again (429 with Retry-After)",
         fault("throttle", retry_after_seconds=900, times=2), becomes=ALL_POSTED, told=("d365_throttled",)),
    Case(CALLS, "It is short of resources and does not say for how long (429)",
         fault("throttle", times=3), becomes=ALL_POSTED, told=("d365_throttled",)),
    Case(CALLS, "It does not answer at all for an hour", for_minutes("silent", 60), becomes=ALL_POSTED,
         told=("d365_silent",)),
    Case(CALLS, "It answers every call with an error (503) for half an hour",
         for_minutes("status", 30, status=503), becomes=ALL_POSTED, told=("d365_throttled",)),
    Case(CALLS, "It takes the import, and its answer gets lost",
         fault("lose_answer", action="ImportFromPackage"), becomes=ALL_POSTED, told=("import_answer_lost",)),
    Case(CALLS, "It takes the import, and answers with an error (500)",
         fault("status_after", action="ImportFromPackage", status=500), becomes=ALL_POSTED, told=("import_answer_lost",)),
    Case(CALLS, "It takes the import, and half of its answer arrives",
         fault("cut_answer", action="ImportFromPackage"), becomes=ALL_POSTED, told=("import_answer_lost",)),
    Case(CALLS, "It takes the import, and answers that it is short of resources (429)",
         fault("status_after", action="ImportFromPackage", status=429), becomes=ALL_POSTED, told=("d365_throttled",)),
    Case(CALLS, "The import never reaches it",
         fault("silent", action="ImportFromPackage", times=1), becomes=ALL_POSTED, told=("import_answer_lost",)),
    Case(CALLS, "The upload address has expired when the package is sent",
         fault("address_expired", path_contains="/blob/", times=1), becomes=ALL_POSTED, told=("d365_silent",)),
    Case(CALLS, "Its answer to a question is lost while receipts are completed",
         fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T1"]),
         after=fault("lose_answer", action="$batch"), becomes=ALL_POSTED, told=("d365_silent",)),
    Case(CALLS, "It completes a receipt, and answers with an error (500)", HALF,
         after=at_the_completing_call("status_after", status=500), becomes=ALL_POSTED, told=("d365_silent",)),
    Case(CALLS, "It completes a receipt, and its answer gets lost", HALF,
         after=at_the_completing_call("lose_answer"), becomes=ALL_POSTED, told=("d365_silent",)),
    Case(CALLS, "It knows us and does not let us in (403) for half an hour",
         for_minutes("status", 30, status=403, text="The user is not authorized."), becomes=ALL_POSTED,
         told=("d365_call_refused",)),
    Case(IMPORTS, "The import starts twenty minutes late", fault("slow_start", seconds=1200), becomes=ALL_POSTED),
    Case(IMPORTS, "The import never ends, until somebody ends it there", fault("stuck"), becomes={"sending": 2},
         told=("import_takes_long",), stays=("import_takes_long",), mend_words="IT ends the import in D365",
         mend=sim("people/cancel-import", {}), mended=ALL_POSTED),
    Case(IMPORTS, "It says “Succeeded” and imported nothing", fault("zero_rows"), becomes=ALL_POSTED),
    Case(IMPORTS, "It imports nothing, again and again", fault("zero_rows", times=9), becomes=ALL_POSTED,
         told=("import_failed",)),
    Case(IMPORTS, "A line meets another job (“update conflict”); the rest of the receipt lands",
         fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T1"], conflict="update_conflict"),
         becomes=ALL_POSTED),
    Case(IMPORTS, "A payment is the victim of a deadlock; the rest of the receipt lands",
         fault("partial", entity="Payment transactions V2", transaction_numbers=["east:T1"], conflict="deadlock"),
         becomes=ALL_POSTED),
    Case(IMPORTS, "A header meets another job; its lines are taken back",
         fault("partial", entity="Transactions", transaction_numbers=["east:T1"], conflict="update_conflict"),
         becomes=ALL_POSTED),
    Case(IMPORTS, "It refuses a receipt's line in words that nobody knows yet",
         fault("partial", entity="Sales transactions V2", transaction_numbers=["east:T1"], text="Blue moon in view."),
         becomes={"held": 1, "posted": 1}, told=("d365_refused",), stays=("d365_refused",), posts=1,
         mend_words="IT has the data put right and releases", mend=released("d365_refused"), mended=ALL_POSTED),
    Case(IMPORTS, "The service restarts in the middle of the import", fault("restart", action="GetExecutionSummaryStatus"),
         becomes=ALL_POSTED, told=("d365_silent",)),
    Case(IMPORTS, "The service restarts, and calls the import “Executing” for ever",
         all_of(sim("switches", {"restart_leaves_import": "Executing"}), fault("restart", action="GetExecutionSummaryStatus")),
         becomes={"sending": 2}, told=("d365_silent", "import_takes_long"), stays=("import_takes_long",),
         mend_words="IT deletes the import from D365's job history", mend=history_deleted, mended=ALL_POSTED),
    Case(IMPORTS, "The upload address has expired when the import starts",
         all_of(sim("switches", {"address_checked": "import_and_start", "sas_seconds": 60}), fault("slow_start", seconds=900)),
         becomes=ALL_POSTED, told=("d365_import_running", "import_failed")),
    Case(IMPORTS, "It takes no import's number twice, and the answer to the first gets lost",
         all_of(sim("switches", {"repeated_execution_id": "refuse"}), fault("lose_answer", action="ImportFromPackage")),
         becomes=ALL_POSTED, told=("import_answer_lost",)),
    Case(IMPORTS, "It keeps the lines of a header that it refused",
         all_of(sim("switches", {"child_without_header": "accept"}),
                fault("partial", entity="Transactions", transaction_numbers=["east:T1"])), becomes=ALL_POSTED),
    Case(IMPORTS, "Another integration's import ends ours", all_of(sim("switches", {"parallel_import": "both_fail"}),
         fault("slow_start", seconds=300)), after=lambda world: _collide(world), becomes=ALL_POSTED),
    Case(IMPORTS, "Headquarters validates while the package is half in",
         sim("switches", {"validation_during_import": "runs", "seconds_between_levels": 120}), becomes=ALL_POSTED),
    Case(IMPORTS, "Headquarters validates, and refuses, a receipt whose lines have not come yet", HALF,
         after=judged_before_completed, becomes=ALL_POSTED),
    Case(IMPORTS, "The fiscal period of the day is closed", sim("setup", CLOSED), becomes={"held": 2},
         told=("validation_failed",), stays=("validation_failed",), posts=0,
         mend_words="Finance reopens the period", mend=sim("setup", OPEN), mended=ALL_POSTED),
    Case(PEOPLE, "An accountant moves a receipt to another day before it is posted",
         after=once_sent(sim("people/redate", {**RECEIPT, "businessDate": "2017-12-22"})),
         becomes={"held": 1, "posted": 1}, told=("changed_in_d365",), stays=("changed_in_d365",),
         kept=("RetailTransactions", "businessDate", "2017-12-22T12:00:00Z")),
    Case(PEOPLE, "An accountant changes an amount before it is posted, and takes it back",
         after=once_sent(sim("people/edit", {**RECEIPT, "changes": {"GrossAmount": "-25"}})),
         becomes={"held": 1, "posted": 1}, told=("changed_in_d365", ), stays=("changed_in_d365",), posts=1,
         kept=("RetailTransactions", "GrossAmount", -25), mend_words="Finance has the change undone in D365",
         mend=sim("people/edit", {**RECEIPT, "changes": {"GrossAmount": "-24"}}), mended=ALL_POSTED),
    Case(PEOPLE, "An accountant changes a line before it is posted",
         after=once_sent(sim("people/edit", {"set": LINES, **RECEIPT, "LineNumber": 1, "changes": {"Quantity": "-3"}})),
         becomes={"held": 1, "posted": 1}, told=("validation_failed",), stays=("validation_failed",), posts=1,
         kept=(LINES, "Quantity", -3), mend_words="Finance has the line put right in D365",
         mend=sim("people/edit", {"set": LINES, **RECEIPT, "LineNumber": 1, "changes": {"Quantity": "-2"}}),
         mended=ALL_POSTED),
    Case(PEOPLE, "Somebody deletes a receipt before it is posted",
         after=once_sent(sim("people/delete", RECEIPT)), becomes={"held": 1, "posted": 1}, told=("gone_from_d365",),
         stays=("gone_from_d365",), posts=1, mend_words="Finance decides that it belongs there and releases",
         mend=released("gone_from_d365"), mended=ALL_POSTED),
    Case(PEOPLE, "Somebody deletes a payment of a receipt before it is posted",
         after=once_sent(sim("people/delete", {"set": PAYMENTS, **RECEIPT, "LineNumber": 2})),
         becomes={"held": 1, "posted": 1}, told=("validation_failed",), stays=("validation_failed",), posts=1),
    Case(PEOPLE, "Somebody wants to change a posted receipt, which D365 does not allow",
         sim("switches", {"posted_row_sent_again": "refuse"}),
         after=once_posted(not_allowed("people/edit", {**RECEIPT, "changes": {"GrossAmount": "-25"}})), becomes=ALL_POSTED),
    Case(PEOPLE, "Somebody wants to delete a posted receipt, which D365 does not allow",
         after=once_posted(not_allowed("people/delete", RECEIPT)), becomes=ALL_POSTED),
    Case(PEOPLE, "A product is deleted after its sale", after=once_sent(sim("setup", GONE)), becomes={"held": 2},
         told=("validation_failed",), stays=("validation_failed",), posts=0, mend_words="Retail systems bring it back",
         mend=sim("setup", {"items": SETUP["items"]}), mended=ALL_POSTED),
    Case(PEOPLE, "Somebody else has written a receipt under our number",
         lambda world: world.write_receipt("east:T1", GrossAmount=-99, NetAmount=-99, PaymentAmount=99),
         becomes={"held": 1, "posted": 1}, told=("changed_in_d365",), stays=("changed_in_d365",), posts=1,
         kept=("RetailTransactions", "GrossAmount", -99)),
    Case(PEOPLE, "Another integration imports for half an hour", sim("neighbour/import", {"seconds": 1800}),
         becomes=ALL_POSTED, told=("d365_import_running",)),
    Case(PEOPLE, "Somebody cancels our import", fault("slow_start", seconds=300),
         after=lambda world: _cancel(world), becomes=ALL_POSTED),
    Case(PEOPLE, "The environment is set back to before the receipts came", snapshot_first, once_posted(restored),
         becomes={"held": 2, "posted": 1}, told=("d365_went_back", "gone_from_d365"),
         stays=("d365_went_back", "gone_from_d365"), posts=1,
         mend_words="Finance decides that they belong there and releases; IT ends its cause",
         mend=released("gone_from_d365"), mended={"posted": 3}),
    Case(PEOPLE, "A field that we use is renamed with a new release",
         sim("contract", {"rename_fields": [{"set": "RetailTransactions", "field": "RreceiptId", "to": "ReceiptId"}]}),
         becomes={"mapped": 2}, told=("d365_contract_mismatch",), stays=("d365_contract_mismatch",), posts=0),
    Case(PEOPLE, "The journal of posted statements is no longer shown to us",
         sim("contract", {"hide_sets": ["RetailStatementJourBIEntities"]}), becomes={"validated": 2},
         told=("d365_evidence_missing",), stays=("d365_evidence_missing",)),
    Case(PEOPLE, "A till stands in “Closing” in D365", sim("setup", {"terminals": [TILL | {"ClosingStatus": "Closing"}]}),
         becomes=ALL_POSTED, told=("d365_till_busy",), stays=("d365_till_busy",), minutes=60),
    Case(PEOPLE, "A shift is closed in D365 and still open in the till's own database", after=a_shift_got_stuck,
         becomes={"posted": 3, "excluded": 2}, told=("d365_shift_in_error",), stays=("d365_shift_in_error",),
         posts=3, minutes=60),
)  # fmt: skip


async def _collide(world: PostingWorld) -> None:
    await world.beat()
    await not_allowed("neighbour/import", {"seconds": 60})(world)


async def _cancel(world: PostingWorld) -> None:
    await world.beat()
    await world.sim("people/cancel-import", {})
