"""Receipts: they arrive, are asked for, and are put right."""

from __future__ import annotations

import functools

import azure.functions as func

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.read_records import may_read, read_transaction
from shared.flows.reverse_transaction import reverse_transaction
from shared.gate import admit_person, admit_sender
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.triggers.answered import answered
from shared.web.answers import answer, answer_verdicts, not_found
from shared.web.bodies import opener
from shared.web.paths import transaction_path
from shared.web.requests import day_of, flag_of, json_object, path_key, reason_of, transaction_parts

blueprint = func.Blueprint()
route = functools.partial(blueprint.route, trigger_arg_name="request")


async def _arrived(request: func.HttpRequest, services: Services, adapter: str) -> func.HttpResponse:
    body, path = request.get_body(), "/api/transactions" if adapter == "canonical" else f"/api/pos/{adapter}"
    sender = admit_sender(services.settings, request.headers, request.method, path, body, services.now())
    return answer_verdicts(
        await ingest_transactions(services, sender, ADAPTERS[adapter], body, opener(request.headers))
    )


@route("transactions", methods=["POST"])
@answered
async def transactions_arrived(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    return await _arrived(request, services, "canonical")


@route("pos/poslog", methods=["POST"])
@answered
async def poslog_arrived(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    return await _arrived(request, services, "poslog")


@route("transactions/{store}/{account}/{transaction_id}", methods=["GET"])
@answered
async def transaction_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    store, account, transaction_id = parts = transaction_parts(request)
    if "x-tillpost-account" in {name.lower() for name in request.headers}:
        path, body = transaction_path(*parts), request.get_body()
        sender = admit_sender(services.settings, request.headers, "GET", path, body, services.now())
        if not may_read(sender, store, account):
            return not_found("the transaction")
    else:
        admit_person(services.settings, request.headers)
    found = await read_transaction(services, path_key(request, "store"), account, transaction_id)
    return answer(found) if found else not_found("the transaction")


@route("transactions/{store}/{account}/{transaction_id}/reversal", methods=["POST"])
@answered
async def reversal_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    person = admit_person(services.settings, request.headers, "finance")
    body, parts = json_object(request), transaction_parts(request)
    done = await reverse_transaction(
        services, path_key(request, "store"), *parts[1:], person, reason_of(body),
        with_replacement=flag_of(body, "replace"), business_day=day_of(body, "business_day"),
    )  # fmt: skip
    return answer(done.as_json()) if done is not None else not_found("the transaction")
