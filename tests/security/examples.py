"""Ask the app for each example of its description: `python -m tests.security.examples` writes shared/web/examples.json anew.

One day of one store, told in order: each request is one that the app takes, each answer what it gave. A test asks all of them
again and holds them to the description, so that an example that is no longer true is found.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from shared.flows.compile_statements import compile_statements
from shared.web.detail import EXAMPLES
from tests.app_in_process import Answer, App
from tests.security.prepared import CAUSE, prepared
from tests.unit.documents import sale_document, shift_document
from tests.unit.vendor_calls import signed_by

POSLOG = """<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/"><Transaction>
<RetailStoreID>S1</RetailStoreID><WorkstationID>2</WorkstationID><SequenceNumber>55</SequenceNumber>
<BusinessDayDate>2017-12-24</BusinessDayDate><EndDateTime>2017-12-24T11:01:00-05:00</EndDateTime>
<CurrencyCode>USD</CurrencyCode><RetailTransaction TransactionStatus="Finished">
<LineItem><SequenceNumber>1</SequenceNumber><Sale><ItemID>1001</ItemID><ActualSalesUnitPrice>19.95</ActualSalesUnitPrice>
<ExtendedAmount>19.95</ExtendedAmount><Quantity>1</Quantity></Sale></LineItem>
<LineItem><SequenceNumber>2</SequenceNumber><Tender TenderType="Cash" TypeCode="Sale"><Amount>19.95</Amount></Tender></LineItem>
<Total TotalType="TransactionGrandAmount">19.95</Total></RetailTransaction></Transaction></POSLog>
"""
TENDERS = "store,tender,payment_method,valid_from,valid_to\n*,AMEX,2,2017-12-01,\n"
T4, T5 = "/transactions/S1/east/T4", "/transactions/S1/east/T5"
RECEIPT = "/transactions/{store}/{account}/{transaction_id}"
DAY, OF_CAUSE, OF_KIND = "/{store}/{business_day}", "/causes/{fingerprint}", "/mappings/{kind}"
SIGN_OFF = f"post /statements{DAY}/sign-off"
# A release of one receipt is over before anybody could stop it, and a return waits a day for its sale before it is held; what
# they take is the reason alone. The other two describe themselves.
NOT_SHOWN = {
    f"post {OF_CAUSE}/releases/{{number}}/cancel",
    "post /returns/{store}/{account}/{transaction_id}/accept",
    "get /openapi.json",
    "get /schemas/transactions.json",
}

AS_CSV = (
    "transaction_id,store,terminal,completed_at,currency,receipt_number,sequence_number,line.item,line.quantity,line.gross,"
    "line.net,tender.type,tender.code,tender.amount\n"
    "T11,S1,1,2017-12-23T11:05:00-05:00,USD,S1-1-0011,11,1001,1,12.00,12.00,CASH,CASH,12.00\n"
)


_SOLD = {
    "id": 7_001_001,
    "location_id": "S1",
    "updated_at": "2017-12-23T12:59:00-05:00",
    "line_items": [{"id": 1, "sku": "1001"}],
}
_PAID = {"id": "PAY-1", "status": "COMPLETED", "order_id": "ORDER-1", "location_id": "LOC-1"}
# What a vendor calls, by vendor: of Lightspeed's a form, whose sale is a text in it.
WEBHOOKS: dict[str, dict[str, Any]] = {
    "shopify": _SOLD,
    "square": {
        "type": "payment.updated", "event_id": "E-1", "merchant_id": "MERCHANT-1", "created_at": "2017-12-23T17:59:00Z",
        "data": {"type": "payment", "id": "PAY-1", "object": {"payment": _PAID}},
    },
    "lightspeed": {
        "type": "sale.update", "domain_prefix": "north",
        "payload": '{"id": "SALE-1", "status": "CLOSED", "updated_at": "2017-12-23 17:59:30", "register_id": "REG-1"}',
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: of which route, under which address, by whom, with what."""

    route: str
    path: str = ""
    body: Any = None
    by: str = "everything"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0].upper()

    @property
    def address(self) -> str:
        return "/api" + (self.path or self.route.partition(" ")[2])


def story() -> Iterator[Asked]:
    """Give every request in its order."""
    yield from _reading()
    yield from _deciding()
    yield Asked(f"get {OF_CAUSE}/preview", f"/causes/{CAUSE}/preview")
    yield from _mapping()
    yield Asked(
        f"post {OF_CAUSE}/release", f"/causes/{CAUSE}/release", {"reason": "American Express is mapped"}
    )
    yield Asked(f"get {OF_CAUSE}/releases", f"/causes/{CAUSE}/releases")
    yield Asked(f"get {OF_CAUSE}/releases/{{number}}", f"/causes/{CAUSE}/releases/1")
    yield from _month_end()
    signed = {"reason": "looked at with the store", "revision": 0}
    yield Asked(SIGN_OFF, "/statements/S1/2017-12-23/sign-off", signed, by="finance")
    yield Asked(f"get /statements{DAY}/signed/{{number}}", "/statements/S1/2017-12-23/signed/0")
    yield Asked("get /audit")
    yield Asked("get /audit/{area}", "/audit/S1")


def _reading() -> Iterator[Asked]:
    sent = {"transactions": [sale_document(9)]}
    yield Asked("post /transactions", body=sent, by="till")
    yield Asked("post /pos/poslog", body=POSLOG, by="till")
    yield Asked("post /pos/csv", body=AS_CSV, by="till", headers=(("Content-Type", "text/csv"),))
    yield Asked(f"get {RECEIPT}", "/transactions/S1/east/T1")
    yield Asked(f"get /statements{DAY}", "/statements/S1/2017-12-23")
    yield Asked("get /storedays/{legal_entity}/{business_day}", "/storedays/usrt/2017-12-23")
    yield Asked("get /trail/{store}/{business_day}/{receipt_number}", "/trail/S1/2017-12-23/S1-1-0001")
    yield Asked(f"get /rebuild{DAY}", "/rebuild/S1/2017-12-23")
    yield Asked(f"get /tills{DAY}", "/tills/S1/2017-12-23")
    yield Asked(f"get /completeness{DAY}", "/completeness/S1/2017-12-23")
    yield Asked("get /returns/{store}/{account}/{transaction_id}", "/returns/S1/east/T1")
    yield Asked("get /heard")
    for vendor, said in WEBHOOKS.items():
        yield Asked(f"post /pos/{vendor}/{{account}}", body=said, by=vendor)
    yield Asked("get /vendors")
    asked_for = {"account": "east", "texts": ["T1"], "from": "2017-12-23", "to": "2017-12-23"}
    yield Asked("post /personal-data/find", body=asked_for, by="finance")
    one = {"store": "S1", "account": "east", "transaction_id": "T1"}
    wish = {"reason": "request 2017-118", "receipts": [one]}
    yield Asked("post /personal-data/erase", "/personal-data/erase?check=true", wish, by="finance")
    yield Asked("get /personal-data/retention")
    yield Asked("get /usage")
    yield Asked("get /health")
    yield Asked("get /causes")
    yield Asked(f"get {OF_CAUSE}", f"/causes/{CAUSE}")
    yield Asked("get /alerts")
    yield Asked("post /preflight")
    yield Asked("get /preflight")
    yield Asked("post /reference")
    yield Asked("get /reference")


def _deciding() -> Iterator[Asked]:
    yield Asked(
        f"post {OF_CAUSE}/assign", f"/causes/{CAUSE}/assign", {"to": "", "reason": "nobody has it yet"}
    )
    yield Asked(
        f"post {OF_CAUSE}/notes", f"/causes/{CAUSE}/notes", {"note": "The bank sends the account on Monday."}
    )
    until = {"until": "2017-12-27T09:00:00-05:00", "reason": "the bank is closed until then"}
    yield Asked(f"post {OF_CAUSE}/set_aside", f"/causes/{CAUSE}/set_aside", until)
    yield Asked(f"post {OF_CAUSE}/take_up", f"/causes/{CAUSE}/take_up", {"reason": "the account has come"})
    yield Asked(
        f"post {RECEIPT}/write-off", f"{T5}/write-off", {"reason": "a test of the till"}, by="finance"
    )
    yield Asked(
        f"post {RECEIPT}/write-off/withdraw",
        f"{T5}/write-off/withdraw",
        {"reason": "it was a sale"},
        by="finance",
    )
    yield Asked(
        f"post {RECEIPT}/write-off", f"{T5}/write-off", {"reason": "a test of the till"}, by="finance"
    )
    approved = {"reason": "seen on the till's roll"}
    yield Asked(f"post {RECEIPT}/write-off/approve", f"{T5}/write-off/approve", approved, by="second finance")
    missing = {"reason": "the till lost it", "terminal": "1", "sequence_numbers": [7], "decision": "lost"}
    yield Asked(f"post /statements{DAY}/missing", "/statements/S1/2017-12-23/missing", missing)
    typed = {
        "reason": "the line was down", "terminal": "1", "shift": "day-20171223", "tender": "CASH", "amount": "240.00",
        "at": "2017-12-23T18:00:00-05:00",
    }  # fmt: skip
    yield Asked(f"post /overtyped{DAY}", "/overtyped/S1/2017-12-23", typed)
    replaced = {
        "reason": "the drawer was stuck",
        "business_day": "2017-12-24",
        "since": "2017-12-24T08:00:00-05:00",
    }
    yield Asked("post /tills/{store}/{terminal}/replaced", "/tills/S1/2/replaced", replaced)
    back = {"reason": "it was mended after all", "generation": 2}
    yield Asked("post /tills/{store}/{terminal}/not-replaced", "/tills/S1/2/not-replaced", back)
    opened = shift_document(301, "SHIFT_OPEN", "77", "2017-12-24T08:00:00-05:00")
    yield Asked(
        "post /transactions", body={"transactions": [{**opened, "store": "S1", "terminal": "2"}]}, by="till"
    )
    ended = {"reason": "the clerk went home", "at": "2017-12-24T11:00:00-05:00"}
    yield Asked("post /shifts/{store}/{terminal}/{shift}/end", "/shifts/S1/2/77/end", ended)
    back_later = {"reason": "not before the books are read", "replace": False}
    yield Asked(f"post {RECEIPT}/reversal", "/transactions/S1/east/T3/reversal", back_later, by="finance")
    amended = {"reason": "the clerk pressed the wrong key", "tenders": {"AMEX": "CARD"}}
    yield Asked(f"post {RECEIPT}/amend", "/transactions/S1/east/T4/amend", amended, by="finance")


def _mapping() -> Iterator[Asked]:
    reason = (("X-Reason", "the bank has opened the account"), ("Content-Type", "text/csv"))
    yield Asked(f"put {OF_KIND}", "/mappings/tenders", TENDERS, headers=reason)
    yield Asked(f"get {OF_KIND}", "/mappings/tenders")
    yield Asked(f"get {OF_KIND}/history", "/mappings/tenders/history")
    yield Asked(f"get {OF_KIND}/history/{{version}}", "/mappings/tenders/history/3")
    yield Asked("get /stores/{store}/readiness", "/stores/S1/readiness")
    yield Asked("get /coverage")


def _month_end() -> Iterator[Asked]:
    yield Asked(f"post /statements{DAY}/vouchers", "/statements/S1/2017-12-23/vouchers")
    yield Asked("get /readiness/{legal_entity}/{period}", "/readiness/usrt/2017-12")
    till = {"reason": "the till stands in the cellar", "store": "S1", "terminal": "2"}
    yield Asked("post /readiness/{legal_entity}/{period}/tills", "/readiness/usrt/2017-12/tills", till)
    yield Asked("get /accrual/{legal_entity}", "/accrual/usrt?cut_off=2017-12-23")
    yield Asked("get /late/{legal_entity}/{period}", "/late/usrt/2017-12")
    checks = "/checks/{cadence}/{legal_entity}"
    yield Asked(f"get {checks}/{{period}}", "/checks/monthly/usrt/2017-12")
    yield Asked(
        f"post {checks}/{{period}}", "/checks/monthly/usrt/2017-12", {"note": "looked at with the store"}
    )
    yield Asked(f"get {checks}", "/checks/monthly/usrt")


async def ask(app: App, asked: Asked) -> Answer:
    """Send one of them."""
    body = asked.body
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if asked.by in WEBHOOKS:
        return await app.vendor(
            signed_by(asked.by, urlencode(body).encode() if asked.by == "lightspeed" else content)
        )
    if asked.by == "till":
        return await app.till(asked.method, asked.address, content)
    return await app.desk(asked.by, asked.method, asked.address, content, **dict(asked.headers))


async def ask_all() -> list[tuple[Asked, Answer]]:
    """Ask them in their order, of one app."""
    found = []
    async with prepared() as app:
        for asked in story():
            if asked.route == SIGN_OFF:
                asked = await _after_the_day(app, asked)
            found.append((asked, await ask(app, asked)))
            if asked.by == "till":
                await app.world.deliver()
    return found


async def _after_the_day(app: App, asked: Asked) -> Asked:
    """Let everything of the day reach D365, and sign the revision that shows it."""
    await app.world.drive(90)
    await compile_statements(app.world.services)
    statement = (await app.desk("finance", "GET", "/api/statements/S1/2017-12-23")).json()
    return replace(asked, body={**asked.body, "revision": statement["revision"]})


def main() -> int:
    """Write the examples anew; 1 where an answer was none."""
    shown: dict[str, dict[str, Any]] = {}
    failed = 0
    for asked, answer in asyncio.run(ask_all()):
        if not 200 <= answer.status < 300:
            print(f"{asked.route}: {answer.status} {answer.body[:300].decode()}")
            failed += 1
            continue
        given = answer.json() if answer.media_type == "application/json" else answer.body.decode()
        request = {} if asked.body is None else {"request": asked.body}
        shown.setdefault(asked.route, {**request, "answer": given})
    lines = [
        f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in sorted(shown.items())
    ]
    EXAMPLES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
