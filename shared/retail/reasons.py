"""The registry of reasons: why a receipt waits for a person, whose it is, and what to do.

Every reason has a stable code, one accountable owner role and a message in four parts. The texts are for the people
who read them: no codes, no jargon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Written this way, the words are this module's too: whoever names a reason needs both.
from shared.retail.reason import D365_DATA as D365_DATA
from shared.retail.reason import FINANCE as FINANCE
from shared.retail.reason import IT as IT
from shared.retail.reason import OWNERS as OWNERS
from shared.retail.reason import RETAIL_SYSTEMS as RETAIL_SYSTEMS
from shared.retail.reason import STORE_OPERATIONS as STORE_OPERATIONS
from shared.retail.reason import STORE_TIMING as STORE_TIMING
from shared.retail.reason import SYSTEM as SYSTEM
from shared.retail.reason import Reason as Reason
from shared.retail.reasons_alerts import NO_ACTION as NO_ACTION
from shared.retail.reasons_alerts import OF_ALERTS
from shared.retail.reasons_alerts import OUTAGES as OUTAGES
from shared.retail.reasons_completeness import OF_COMPLETENESS
from shared.retail.reasons_d365 import OF_D365
from shared.retail.reasons_fetching import OF_FETCHING
from shared.retail.reasons_mappings import OF_MAPPINGS
from shared.retail.reasons_month_end import OF_MONTH_END
from shared.retail.reasons_returns import OF_RETURNS
from shared.retail.reasons_rounding import OF_ROUNDING
from shared.retail.reasons_shifts import OF_SHIFTS
from shared.retail.reasons_statement import OF_STATEMENTS
from shared.retail.reasons_vendors import OF_VENDORS
from shared.retail.reasons_write_off import OF_WRITE_OFFS
from shared.retail.runbooks import RUNBOOKS, refuse_orphans


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason with its offending value; receipts with the same cause are one task. `words` fill the texts."""

    code: str
    value: str
    words: Mapping[str, str]

    @property
    def reason(self) -> Reason:
        return REASONS[self.code]

    @property
    def owner(self) -> str:
        """Whose it is: the reason's owner, unless the cause's own rule has another."""
        return self.words.get("owner", self.reason.owner)

    @property
    def fault(self) -> str:
        """Whose fault it is, as `owner`."""
        return self.words.get("fault", self.reason.fault)

    def texts(self) -> dict[str, str]:
        """Give the four parts of the message, filled in; a word nobody gave shows as an ellipsis.

        A `do_this` among the words is this cause's own, and goes before the reason's.
        """
        words = _Words(self.words, value=self.value)
        reason = self.reason
        return {
            "what_happened": _one_stop(reason.what_happened.format_map(words)),
            "why": _one_stop(reason.why.format_map(words)),
            "holds_up": _one_stop(reason.holds_up.format_map(words)),
            "do_this": _one_stop(words.get("do_this", reason.do_this.format_map(words))),
        }


def _one_stop(text: str) -> str:
    """D365's own words often bring their full stop along."""
    return text[:-1] if text.endswith("..") else text


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def cause(code: str, value: str, **words: str) -> Cause:
    """Make a cause of a registered reason.

    Raises:
        KeyError: the code is not in the registry; that is a bug.
    """
    REASONS[code]
    return Cause(code, value, words)


_ALL = (
    Reason(
        "store_unknown", RETAIL_SYSTEMS, D365_DATA,
        "Receipts arrived from location “{value}”, which is not in the list of stores.",
        "Nobody has said yet which D365 store this location is, or the sender uses another name for it.",
        "These receipts are kept but are in no statement.",
        "In this order: 1. Retail systems make sure that D365 has the store, its channel and its warehouse. 2. They add the "
        "location to the stores mapping, and see from the store's readiness what it lacks still. 3. Release.",
    ),
    Reason(
        "store_wrong_account", IT, D365_DATA,
        "Store {value} received receipts from a source that is not its source of record.",
        "The stores mapping names another source account for this store.",
        "The receipts are held so that nothing is posted twice.",
        "Stop the second feed and have finance write off what it sent twice. Or make it the store's source of record in the "
        "stores mapping, and release.",
    ),
    Reason(
        "look_alike", IT, D365_DATA,
        "Store {value} received the same receipts from two sources: {problem}.",
        "The stores mapping names no source of record for this store, and a second source sends its receipts too.",
        "What came first goes on; what looks like it is held, so that nothing is posted twice.",
        "Name the store's source of record in the stores mapping, stop the other and release. What then stays held came twice: "
        "have finance write it off.",
    ),
    Reason(
        "warehouse_missing", RETAIL_SYSTEMS, D365_DATA,
        "Store {value} has no warehouse in the stores mapping.",
        "D365 cannot issue stock without a warehouse and site.",
        "None of the store's receipts can go to D365; stock there is overstated until then.",
        "Give store {value} its warehouse and site in the stores mapping, then release.",
    ),
    Reason(
        "terminal_unmapped", RETAIL_SYSTEMS, D365_DATA,
        "Till {terminal} of store {store} is not mapped to a D365 register.",
        "It is new, or was replaced under another number.",
        "Receipts of this till are held; the store's other tills go on.",
        "In this order: 1. Retail systems make sure that the store has a register for it in D365. 2. They map the till to it in "
        "the terminals mapping. 3. Release.",
    ),
    Reason(
        "tender_unmapped", FINANCE, D365_DATA,
        "Receipts were paid with “{value}”, which has no D365 payment method yet.",
        "The tills use a way to pay that nobody has mapped.",
        "Only receipts with this tender are held; everything else from these stores goes on.",
        "In this order: 1. Finance says which ledger account “{value}” belongs to. 2. Retail systems make sure that each "
        "store's channel in D365 has a payment method for it, with that account. 3. Finance maps “{value}” to it in the tenders "
        "mapping. 4. Release: its receipts go on from the day it was first seen.",
    ),
    Reason(
        "tax_unmapped", FINANCE, D365_DATA,
        "Receipts carry the tax code “{value}”, which is not mapped.",
        "The tills charge a tax that D365's tax groups do not know under this name.",
        "Receipts with this tax are held.",
        "In this order: 1. Finance makes sure that D365 has the tax code, in the stores' sales tax group and in an item sales "
        "tax group. 2. Finance maps “{value}” to the two in the taxes mapping. 3. Release.",
    ),
    Reason(
        "item_unmapped", RETAIL_SYSTEMS, D365_DATA,
        "Receipts hold the item “{value}”, which is not mapped to a D365 item.",
        "The till sells an item that D365 does not have under this number, or not yet.",
        "Receipts with this item are held; stock of it is overstated until then.",
        "In this order: 1. Retail systems make sure that D365 has the item, released to the store's company and not blocked. "
        "2. They map it in the items mapping, or its bar code in the barcodes mapping. 3. Release.",
    ),
    Reason(
        "disposition_unmapped", RETAIL_SYSTEMS, D365_DATA,
        "Returned goods were marked “{value}”, which is not mapped.",
        "Nobody has said whether such goods go back on sale, to quarantine or nowhere.",
        "The return is held; neither stock nor credit is booked.",
        "Map “{value}” in the dispositions mapping, then release.",
    ),
    Reason(
        "reason_unmapped", FINANCE, D365_DATA,
        "Money was put in or taken out for “{value}”, which has no account.",
        "The till uses a reason that is not mapped to a D365 income or expense account.",
        "The movement is held; the till's cash differs from D365 by this amount.",
        "In this order: 1. Finance makes sure that D365 has an income or expense account for it. 2. Finance maps “{value}” to "
        "that account in the reasons mapping. 3. Release.",
    ),
    Reason(
        "does_not_balance", RETAIL_SYSTEMS, STORE_TIMING,
        "A receipt contradicts itself: {problem}.",
        "What the till sent does not add up; nothing was changed to make it fit.",
        "The receipt is kept and held; its money is in no ledger.",
        "Have the till's supplier correct the receipt and send it again as a new revision.",
    ),
    Reason(
        "cannot_be_read", IT, STORE_TIMING,
        "Something arrived that cannot be read: {problem}.",
        "The sender's document is damaged or of another format.",
        "If it was a receipt, it is missing from its store-day.",
        "Have the sender correct it and send it again; then release, with a word on what it was: this entry ends.",
    ),
    Reason(
        "does_not_fit_d365", RETAIL_SYSTEMS, D365_DATA,
        "Receipts do not fit D365: {value}.",
        "A value the till or a mapping gives is longer than D365's field, or a taxed line has no D365 tax code.",
        "These receipts are held; other receipts go on.",
        "Correct the mapping that gives the value, or have the till send a shorter one; then release.",
    ),
    Reason(
        "d365_rule", FINANCE, D365_DATA,
        "D365's rule “{rule}” would refuse receipts: {problem}.",
        "They were judged here before sending, by D365's own rules and its reference data as last read.",
        "These receipts are held and not sent; other receipts go on.",
        "{do_this}",
    ),
    Reason(
        "d365_reference", RETAIL_SYSTEMS, D365_DATA,
        "Our mappings name what D365 does not have: {problem}.",
        "The mappings were compared with D365's own reference data as last read.",
        "Receipts that need it are held and not sent; other receipts go on.",
        "{do_this}",
    ),
    Reason(
        "kind_not_supported", IT, SYSTEM,
        "The tills send transactions of the kind “{value}”, which cannot go to D365 yet.",
        "This release does not know how D365 wants them.",
        "They are kept and held; other receipts go on.",
        "Where it voids a finished receipt, have that receipt reversed here once it is posted; book all others in D365 by "
        "hand. They stay here, held, until two people of finance write them off.",
    ),
    Reason(
        "work_given_up", IT, SYSTEM,
        "The app failed {times} at {work}: {named}.",
        "Most likely a mistake in the app, not in the receipts. The app's log tells where it failed.",
        "What {named} has to do waits. It is tried again by itself, ever more rarely, at least every half hour.",
        "Have the mistake mended. The cause ends by itself when the work is done; end it here if it was dealt with.",
    ),
    Reason(
        "cannot_be_mapped", IT, SYSTEM,
        "The app fails at receipts of {value}.",
        "A mistake in the app: each was tried alone, five times, and failed; the app's log tells where.",
        "These receipts are kept and held; the store's other receipts go on.",
        "Have the mistake mended, then release.",
    ),
    Reason(
        "content_conflict", FINANCE, STORE_TIMING,
        "Receipt {value} arrived twice with different content.",
        "The till numbered two receipts alike, was replaced, or changed a receipt after sending it.",
        "The first version counts; the second stands beside it.",
        "Compare the two. If the first is right, say so by releasing this cause: it ends, and the first stands. "
        "If the second is right, put the difference right in D365 by hand and release with that as the reason.",
    ),
    Reason(
        "shift_overlap", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} was still used after the next shift had been opened at {since}.",
        "The drawer was opened again before the old shift was closed.",
        "D365 would call the till busy and refuse the store's statement; receipts of the old shift after that moment wait.",
        "End shift {shift} at {since} (its later receipts move to the next shift); ask the store first.",
    ),
    Reason(
        "shift_not_closed", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store}: shift {shift} of {day} was never closed.",
        "The drawer was left open, or its closing never arrived.",
        "D365 would call the till busy and refuse the store's financial statement.",
        "Have the store close the shift, or end it here at the time of its last receipt.",
    ),
    Reason(
        "shift_refused", IT, D365_DATA,
        "D365 did not take shift {shift} of till {terminal}, store {store}.",
        "D365 named no receipt for it; its import report says more.",
        "The store's financial statement waits for it; its receipts are not concerned.",
        "Look at the package's report in D365. It is tried again every half hour by itself.",
    ),
    Reason(
        "other_currency", FINANCE, STORE_TIMING,
        "Store {store} received receipts in {value}.",
        "The store trades in another currency.",
        "They are held, and stand beside the statement: amounts of different currencies are never added.",
        "Have the till's supplier send them in the store's currency.",
    ),
    Reason(
        "receipts_missing", STORE_OPERATIONS, STORE_TIMING,
        "Till {terminal} of store {store} used receipt numbers on {day} that never arrived here: {numbers}.",
        "The till counts them in its numbers and its totals, but they were not sent.",
        "Their money is in the till's totals and in no ledger.",
        "Re-send them from the till, or confirm that they are lost or were voided.",
    ),
    Reason(
        "receipt_late", FINANCE, STORE_TIMING,
        "Receipts of store {store} for {day} arrived after the day had been compiled.",
        "The till was offline, or the receipt was kept back.",
        "Nothing: they post under their own business day, and the statement was compiled again.",
        "No action.",
    ),
    *OF_MAPPINGS,
    *OF_D365,
    *OF_MONTH_END,
    *OF_STATEMENTS,
    *OF_SHIFTS,
    *OF_COMPLETENESS,
    *OF_RETURNS,
    *OF_ROUNDING,
    *OF_WRITE_OFFS,
    *OF_FETCHING,
    *OF_VENDORS,
    *OF_ALERTS,
)  # fmt: skip
# Told of receipts that go on all the same: these end by what they are about, not because nothing is held.
TOLD_BESIDES = NO_ACTION | {
    "content_conflict", "counted_twice", "credit_not_confirmed", "work_given_up", "write_off_proposed",
}  # fmt: skip
REASONS: Mapping[str, Reason] = {reason.code: reason for reason in _ALL}
refuse_orphans(REASONS, RUNBOOKS)  # whoever imports the registry has it whole, or does not start
