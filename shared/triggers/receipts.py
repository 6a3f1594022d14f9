"""Receipts: they arrive, are asked for, and are put right."""

from __future__ import annotations

import azure.functions as func

from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.read_records import may_read, read_transaction
from shared.flows.reverse_transaction import reverse_transaction
from shared.gate import Person, Sender
from shared.pos.registry import ADAPTERS
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, answer_verdicts, not_found
from shared.web.requests import day_of, flag_of, json_object, path_key, reason_of, transaction_parts

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("transactions", methods=["POST"])
async def transactions_arrived(
    request: func.HttpRequest, services: Services, sender: Sender
) -> func.HttpResponse:
    verdicts = await ingest_transactions(services, sender, ADAPTERS["canonical"], request.get_body())
    return answer_verdicts(verdicts)


@route("pos/poslog", methods=["POST"])
async def poslog_arrived(request: func.HttpRequest, services: Services, sender: Sender) -> func.HttpResponse:
    verdicts = await ingest_transactions(services, sender, ADAPTERS["poslog"], request.get_body())
    return answer_verdicts(verdicts)


@route("transactions/{store}/{account}/{transaction_id}", methods=["GET"])
async def transaction_asked_for(
    request: func.HttpRequest, services: Services, caller: Person | Sender
) -> func.HttpResponse:
    store, account, transaction_id = transaction_parts(request)
    if isinstance(caller, Sender) and not may_read(caller, store, account):
        return not_found("the transaction")
    found = await read_transaction(services, path_key(request, "store"), account, transaction_id)
    return answer(found) if found else not_found("the transaction")


@route("transactions/{store}/{account}/{transaction_id}/reversal", methods=["POST"])
async def reversal_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    body, parts = json_object(request), transaction_parts(request)
    done = await reverse_transaction(
        services, path_key(request, "store"), *parts[1:], person, reason_of(body),
        with_replacement=flag_of(body, "replace"), business_day=day_of(body, "business_day"),
    )  # fmt: skip
    return answer(done.as_json()) if done is not None else not_found("the transaction")
