"""What a store still lacks before its receipts can go to D365 and be proved: by name, with who does what, in order.

A step that rests on what was never read from D365 is *not known*, and is said to be: neither ready nor lacking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from shared.retail import d365_rules as rule
from shared.retail.business_day import store_zone
from shared.retail.calendar import Calendar
from shared.retail.d365_rules import Broken, cause_of
from shared.retail.ledger import LEDGER_ACCOUNTS, NAMED_BY_FINANCE
from shared.retail.mapped import StoreSetup
from shared.retail.mapping_kinds import OWNERS_KIND
from shared.retail.mapping_rows import Mappings
from shared.retail.reason import FINANCE, IT, OWNERS, RETAIL_SYSTEMS
from shared.retail.reference import (
    CUSTOMERS,
    NOTHING,
    STORES,
    TAX_GROUPS,
    TENDERS,
    TERMINALS,
    WAREHOUSES,
    is_broken,
)

LACKING, UNKNOWN, ADVISED = "lacking", "not known", "advised"
READY, NOT_READY, AS_FAR_AS_KNOWN = "ready", "not ready", "ready as far as is known"


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing a store lacks. state: it holds receipts, nobody can say, or it holds none but something is not proved."""

    what: str
    owner: str
    do_this: str
    state: str = LACKING


def verdict_of(lacks: Collection[Lack]) -> str:
    """Say whether the store can go."""
    states = {one.state for one in lacks}
    return NOT_READY if LACKING in states else AS_FAR_AS_KNOWN if UNKNOWN in states else READY


def lacks_of(
    store: str, mappings: Mappings, day: date, tills_heard: Collection[str], accounts_known: Collection[str]
) -> tuple[Lack, ...]:
    """Give what a store lacks on a day, in the order in which it is to be done: D365 first, then the mappings.

    tills_heard: tills that sent something; accounts_known: source accounts that may send for the store.
    """
    setup = mappings.store(store, day)
    if setup is None:
        what = f"location {store} is not in the stores mapping on {day}"
        return (
            Lack(
                what,
                RETAIL_SYSTEMS,
                "Create the store, its warehouse and its channel in D365, then add it to the stores mapping.",
            ),
        )
    found = (
        *_of_line(setup, accounts_known),
        *_in_d365(setup, mappings, day),
        *_tills(setup, mappings, day, tills_heard),
        *_tenders(setup, mappings, day),
        *_taxes(setup, mappings, day),
        *_around(setup, mappings, day),
    )
    return tuple(dict.fromkeys(found))


def _of_line(setup: StoreSetup, accounts_known: Collection[str]) -> Iterator[Lack]:
    for column, words in (
        ("warehouse", "warehouse"), ("site", "site"), ("tax_group", "sales tax group"),
        ("customer_account", "default customer"), ("channel_id", "channel"),
    ):  # fmt: skip
        if not getattr(setup, column):
            owner = FINANCE if column == "tax_group" else RETAIL_SYSTEMS
            yield Lack(
                f"store {setup.store} has no {words}",
                owner,
                f"Give it its {words} in the stores mapping ({column}).",
            )
    if setup.account not in accounts_known:
        what = f"no source account {setup.account or '(none named)'} may send for store {setup.store}"
        yield Lack(
            what,
            IT,
            "Give the store's tills a source account and its secret; then retail systems name it in the stores mapping.",
        )


def _in_d365(setup: StoreSetup, mappings: Mappings, day: date) -> Iterator[Lack]:
    company = setup.legal_entity
    channel = (setup.store_number, company, setup.operating_unit, setup.channel_id)
    for broken, kind, key in (
        (Broken(rule.STORE, channel), STORES, (setup.store_number,)),
        (Broken(rule.WAREHOUSE, (company, setup.warehouse)), WAREHOUSES, (company, setup.warehouse)),
        (Broken(rule.TAX_GROUP, (company, setup.tax_group)), TAX_GROUPS, (company, setup.tax_group)),
        (
            Broken(rule.CUSTOMER, (company, setup.customer_account)), CUSTOMERS,
            (company, setup.customer_account),
        ),
    ):  # fmt: skip
        if all(key):
            yield from _judged(mappings, broken, kind, key)
    if is_broken(mappings, rule.BUSINESS_DATE, (company, day.isoformat())):
        yield _broken(Broken(rule.BUSINESS_DATE, (company, day.isoformat())))


def _judged(mappings: Mappings, broken: Broken, kind: str, key: tuple[str, ...]) -> Iterator[Lack]:
    """Say what D365 has against one thing, or that it was never asked about it."""
    row = mappings.find(kind, *key)
    if row is None or not row.get("there"):
        what = f"whether D365 has {broken.rule.lower()} {key[-1]} was not read"
        yield Lack(what, IT, "Have D365's reference data read (POST /api/reference).", UNKNOWN)
    elif is_broken(mappings, broken.rule, broken.parts):
        yield _broken(broken)


def _broken(broken: Broken) -> Lack:
    why = cause_of(broken)
    return Lack(why.words["problem"], why.owner, why.texts()["do_this"])


def _tills(setup: StoreSetup, mappings: Mappings, day: date, heard: Collection[str]) -> Iterator[Lack]:
    rows = {
        key[1]: row
        for key in mappings.keys("terminals")
        if key[0] == setup.store and (row := mappings.find("terminals", *key, day=day)) is not None
    }
    if not rows:
        yield Lack(
            f"store {setup.store} has no till in the terminals mapping", RETAIL_SYSTEMS,
            "Create a register for each till in D365, then map the tills.",
        )  # fmt: skip
    for till in sorted(set(heard) - set(rows)):
        what = f"till {till} of store {setup.store} sends and is not mapped"
        yield Lack(what, RETAIL_SYSTEMS, f"Map till {till} to its register in the terminals mapping.")
    for _, row in sorted(rows.items()):
        broken = Broken(rule.TILL, (row["register"], setup.store_number))
        yield from _judged(mappings, broken, TERMINALS, (row["register"],))


def _tenders(setup: StoreSetup, mappings: Mappings, day: date) -> Iterator[Lack]:
    rows: dict[str, Mapping[str, str]] = {}
    for key in sorted(
        mappings.keys("tenders"), reverse=True
    ):  # the store's own rows go before those of all stores
        if key[0] in (setup.store, "*") and key[1] not in rows:
            row = mappings.find("tenders", *key, day=day)
            if row is not None:
                rows[key[1]] = row
    if not rows:
        yield Lack(
            f"store {setup.store} has no way to pay in the tenders mapping", FINANCE,
            "Choose D365's payment method for each way to pay in the tenders mapping.",
        )  # fmt: skip
    for method in sorted({row["payment_method"] for row in rows.values()}):
        if setup.channel_id:
            key = (setup.legal_entity, setup.channel_id, method)
            yield from _judged(mappings, Broken(rule.METHOD, key), TENDERS, key)
            if is_broken(mappings, rule.METHOD_ACCOUNT, key):
                yield _broken(Broken(rule.METHOD_ACCOUNT, key))


def _taxes(setup: StoreSetup, mappings: Mappings, day: date) -> Iterator[Lack]:
    rows = [mappings.find("taxes", *key, day=day) for key in mappings.keys("taxes")]
    groups = sorted({row["item_tax_group"] for row in rows if row is not None and row.get("item_tax_group")})
    if not groups:
        yield Lack("no tax of the tills is mapped", FINANCE, "Map the tills' tax codes in the taxes mapping.")
    for group in groups:
        broken = Broken(rule.TAX_GROUPS, (setup.legal_entity, setup.tax_group, group, NOTHING))
        if setup.tax_group and is_broken(mappings, broken.rule, broken.parts):
            yield Lack(_broken(broken).what, FINANCE, _broken(broken).do_this, ADVISED)


def _around(setup: StoreSetup, mappings: Mappings, day: date) -> Iterator[Lack]:
    """What holds no receipt, and without which something is not told or not proved."""
    if not Calendar(setup.store, store_zone(setup.time_zone), mappings).is_known:
        what = f"store {setup.store} has no opening hours"
        do_this = (
            "Give it its hours in the calendars mapping, on the store's word: without them nobody is told when it "
            "falls silent."
        )
        yield Lack(what, RETAIL_SYSTEMS, do_this, ADVISED)
    for what in NAMED_BY_FINANCE:
        if not any(key[:2] == (setup.legal_entity, what) for key in mappings.keys(LEDGER_ACCOUNTS)):
            told = f"company {setup.legal_entity} has no account for {what.replace('_', ' ')}"
            do_this = "Name it in the ledger_accounts mapping: without it vouchers are not proved."
            yield Lack(told, FINANCE, do_this, ADVISED)
    for role in OWNERS:
        rows = [mappings.find(OWNERS_KIND, role, store, day=day) for store in (setup.store, "*")]
        if not any(rows):
            words = role.replace("_", " ") if role != IT else "IT"
            do_this = (
                f"Name the people of {words} for store {setup.store}, or for all (*), in the owners mapping."
            )
            yield Lack(
                f"nobody is named for {words} of store {setup.store}", RETAIL_SYSTEMS, do_this, ADVISED
            )
