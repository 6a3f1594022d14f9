"""What people at headquarters do by hand, under /_sim: switch rules off, count cash, order failures, look at the books."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

from aiohttp import web

from simulator import evidence
from simulator.counting import Declaration, shift_name
from simulator.statements import Books
from simulator.validation import RULES, disable_rules
from simulator.values import json_text


class Desk:
    """Routes that no D365 has, for what its people do in forms."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.get("/_sim/rules", self._rules), web.post("/_sim/rules/disabled", self._disable),
            web.get("/_sim/statements", self._statements),
            web.post("/_sim/statements/fail", self._fail), web.delete("/_sim/statements/fail", self._clear_failures),
            web.post("/_sim/statements/delete-order", self._delete_order),
            web.post("/_sim/people/declare", self._declare), web.post("/_sim/shifts/stuck", self._stick),
            web.post("/_sim/people/alter-voucher", self._alter_voucher),
            web.get("/_sim/invoices", self._invoices),
        ]  # fmt: skip

    async def _rules(self, _: web.Request) -> web.Response:
        disabled = self._books.world.database.reference.disabled_rules
        return _json({"rules": list(RULES), "disabled": sorted(disabled)})

    async def _disable(self, request: web.Request) -> web.Response:
        names = (await _object(request)).get("disabled", [])
        try:
            if not isinstance(names, list):
                raise ValueError("disabled is a list of rules")
            disable_rules(self._books.world, [str(one) for one in names])
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return await self._rules(request)

    async def _statements(self, _: web.Request) -> web.Response:
        return _json({"statements": [one.as_json() for one in self._books.statements.values()]})

    async def _fail(self, request: web.Request) -> web.Response:
        try:
            fault = self._books.faults.add(await _object(request))
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json(fault.as_json(), 201)

    async def _clear_failures(self, _: web.Request) -> web.Response:
        self._books.faults.ordered.clear()
        return web.Response(status=204)

    async def _delete_order(self, request: web.Request) -> web.Response:
        body = await _object(request)
        try:
            number, aggregation = str(body.get("StatementId")), int(str(body.get("Aggregation")))
            given_back = self._books.delete_order(number, aggregation)
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json({"given_back": given_back})

    async def _declare(self, request: web.Request) -> web.Response:
        try:
            declaration = _declaration(await _object(request))
            self._check_place(declaration.store, declaration.terminal)
        except (KeyError, ValueError, InvalidOperation) as error:
            return _json({"error": f"StoreNumber, Terminal, BatchShiftId, TenderType, Amount: {error}"}, 400)
        self._books.declarations.append(declaration)
        return _json({"declared": len(self._books.declarations)}, 201)

    async def _alter_voucher(self, request: web.Request) -> web.Response:
        """Somebody changes the amount of a posted line: {"voucher", "account", "by"}."""
        body = await _object(request)
        try:
            by = Decimal(str(body["by"]))
            number, line = self._books.ledger.alter(str(body["voucher"]), str(body["account"]), by)
        except (KeyError, InvalidOperation) as error:
            return _json({"error": f"voucher, account, by: {error}"}, 400)
        evidence.show_ledger_line(self._books.world.database, number, line)
        self._books.world.people_changes.append({"what": "people/alter-voucher", **body})
        return _json({"done": line.as_json()})

    async def _stick(self, request: web.Request) -> web.Response:
        """A shift that is open in the channel and closed here, or no longer."""
        body = await _object(request)
        try:
            self._check_place(str(body["StoreNumber"]), str(body["Terminal"]))
            shift = (str(body["StoreNumber"]), shift_name(str(body["Terminal"]), body["BatchShiftId"]))
        except (KeyError, ValueError) as error:
            return _json({"error": f"StoreNumber, Terminal, BatchShiftId, stuck: {error}"}, 400)
        self._books.stuck_shifts.discard(shift)
        if body.get("stuck", True):
            self._books.stuck_shifts.add(shift)
        return _json({"stuck": [list(one) for one in sorted(self._books.stuck_shifts)]})

    def _check_place(self, store: str, terminal: str) -> None:
        if self._books.world.database.reference.terminals.get(terminal) != store:
            raise ValueError(f"store {store} has no terminal {terminal}")

    async def _invoices(self, _: web.Request) -> web.Response:
        return _json({"invoices": invoices(self._books)})


def invoices(books: Books) -> list[dict[str, object]]:
    """Give every invoice and credit invoice."""
    names = (
        "InvoiceNumber",
        "SalesOrderNumber",
        "InvoiceCustomerAccountNumber",
        "TotalInvoiceAmount",
        "TotalTaxAmount",
    )
    rows = books.world.database.tables["SalesInvoiceHeadersV2"].values()
    return [{name: row.values[name] for name in names} for row in rows]


def _declaration(body: dict[str, object]) -> Declaration:
    amount, shift = Decimal(str(body["Amount"])), int(str(body["BatchShiftId"]))
    return Declaration(
        str(body["StoreNumber"]), str(body["Terminal"]), shift, str(body["TenderType"]), amount, str(body.get("Staff", ""))
    )  # fmt: skip


async def _object(request: web.Request) -> dict[str, object]:
    try:
        body = json.loads(await request.read() or b"{}", parse_float=Decimal)
    except ValueError as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body is not a JSON object")
    return body


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(text=json_text(value), status=status, content_type="application/json")
