"""Every trigger of the app, named for what happened outside: unwrap, call one flow, answer."""

from __future__ import annotations

import functools
import gc
import logging
from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.errors import RetryableError, SettingsError, TillpostError, UnknownOutcomeError
from shared.flows.check_contract import check_contract, read_preflight
from shared.flows.compile_statements import compile_statements
from shared.flows.confirm_missing import confirm_missing
from shared.flows.end_shift import end_shift
from shared.flows.import_mapping import export_mapping, import_mapping
from shared.flows.ingest_transactions import ingest_transactions
from shared.flows.keep_given_up import keep_given_up
from shared.flows.map_transactions import map_transactions
from shared.flows.post_transactions import post_transactions
from shared.flows.read_records import (
    list_causes,
    list_storedays,
    may_read,
    read_cause,
    read_statement,
    read_transaction,
)
from shared.flows.read_reference import read_reference, show_reference
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.release_exceptions import release_exceptions
from shared.flows.reverse_transaction import reverse_transaction
from shared.flows.ring_overdue import ring_overdue
from shared.flows.track_packages import track_packages
from shared.gate import admit_person, admit_sender
from shared.pos.registry import ADAPTERS
from shared.retail.money import money_text
from shared.services import Services, services, usage
from shared.storage.due import read_doorbell
from shared.web.answers import answer, answer_error, answer_verdicts, log_text, not_found, problem
from shared.web.openapi import openapi_document, transactions_schema
from shared.web.paths import transaction_path
from shared.web.requests import (
    day_of,
    flag_of,
    instant_of,
    json_object,
    numbers_of,
    path_day,
    path_key,
    path_part,
    query_day,
    reason_header,
    reason_of,
    text_of,
    transaction_parts,
)

gc.set_threshold(
    50_000, 20, 100
)  # requests make many short-lived objects; the default collects far too often

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
log = logging.getLogger("tillpost")
route = functools.partial(app.route, trigger_arg_name="request")
Handler = Callable[[func.HttpRequest, Services], Awaitable[func.HttpResponse]]
DECIDERS = ("finance", "store_operations", "retail_systems", "it")


def answered(handler: Handler) -> Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]:
    """Give a handler its services, and turn errors of ours into answers. Anything else is a bug and stays one."""

    @functools.wraps(handler, assigned=("__name__", "__qualname__", "__module__", "__doc__"))
    async def trigger(request: func.HttpRequest) -> func.HttpResponse:
        try:
            return await handler(request, await services())
        except TillpostError as error:
            level = logging.ERROR if isinstance(error, SettingsError) else logging.INFO
            log.log(level, "%s %s was answered with: %s", request.method, handler.__name__, log_text(error))
            return answer_error(error)

    del trigger.__wrapped__  # the host reads the signature: one parameter, the request
    return trigger


def rung(
    work: Callable[[func.QueueMessage], Awaitable[None]],
) -> Callable[[func.QueueMessage], Awaitable[None]]:
    """Let a doorbell go where time helps: its due row stays, the heartbeat rings again, and no delivery is used up.

    Whatever else is raised is a bug: the message comes back, five times at most.
    """

    @functools.wraps(work, assigned=("__name__", "__qualname__", "__module__", "__doc__"))
    async def trigger(message: func.QueueMessage) -> None:
        try:
            await work(message)
        except (RetryableError, UnknownOutcomeError) as error:
            log.warning("%s waits for the next heartbeat: %s", work.__name__, log_text(error))

    del trigger.__wrapped__
    return trigger


async def _arrived(request: func.HttpRequest, services: Services, adapter: str) -> func.HttpResponse:
    body, path = request.get_body(), "/api/transactions" if adapter == "canonical" else f"/api/pos/{adapter}"
    sender = admit_sender(services.settings, request.headers, request.method, path, body, services.now())
    return answer_verdicts(await ingest_transactions(services, sender, ADAPTERS[adapter], body))


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


@route("statements/{store}/{business_day}", methods=["GET"])
@answered
async def statement_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    found = await read_statement(services, path_key(request, "store"), path_day(request))
    return answer(found) if found else not_found("a statement of this store-day")


@route("statements/{store}/{business_day}/missing", methods=["POST"])
@answered
async def missing_decided(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    person = admit_person(services.settings, request.headers, "store_operations", "finance")
    body = json_object(request)
    count = await confirm_missing(
        services, path_key(request, "store"), path_day(request), text_of(body, "terminal"),
        numbers_of(body, "sequence_numbers"), text_of(body, "decision"), person, reason_of(body),
    )  # fmt: skip
    return answer({"confirmed": count})


@route("storedays/{legal_entity}/{business_day}", methods=["GET"])
@answered
async def storedays_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    found = await list_storedays(services, path_part(request, "legal_entity"), path_day(request))
    return answer({"storedays": found})


@route("causes", methods=["GET"])
@answered
async def causes_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    state = request.params.get("state", "open")
    if state not in ("open", "ended", "all"):
        return problem(422, "no such state", field="state", expected="open, ended or all", found=state)
    found = await list_causes(services, None if state == "all" else state, query_day(request, "business_day"))
    return answer({"causes": found})


@route("causes/{fingerprint}", methods=["GET"])
@answered
async def cause_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    found = await read_cause(services, path_key(request, "fingerprint"))
    return answer(found) if found else not_found("the cause")


@route("causes/{fingerprint}/release", methods=["POST"])
@answered
async def cause_mended(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    person = admit_person(services.settings, request.headers, *DECIDERS)
    fingerprint, reason = path_key(request, "fingerprint"), reason_of(json_object(request))
    released = await release_exceptions(services, fingerprint, person, reason)
    if released is None:
        return not_found("the cause")
    return answer({"released": released.receipts, "amount": money_text(released.amount)})


@route("mappings/{kind}", methods=["PUT"])
@answered
async def mapping_changed(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    person = admit_person(services.settings, request.headers, "finance", "retail_systems")
    kind, content, reason = path_part(request, "kind"), request.get_body(), reason_header(request)
    done = await import_mapping(services, kind, content, person, reason)
    if done.problems:
        rows = [
            {"row": one.row, "column": one.column, "expected": one.expected, "found": one.found}
            for one in done.problems
        ]
        return problem(422, f"{len(rows)} mistakes; nothing was changed", problems=rows[:1000])
    return answer({"rows": done.rows, "version": done.version})


@route("mappings/{kind}", methods=["GET"])
@answered
async def mapping_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    text = await export_mapping(services, path_part(request, "kind"))
    return func.HttpResponse(text, mimetype="text/csv", charset="utf-8")


@route("shifts/{store}/{terminal}/{shift}/end", methods=["POST"])
@answered
async def shift_ended(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    person = admit_person(services.settings, request.headers, "store_operations")
    body = json_object(request)
    store, terminal, shift = (
        path_key(request, "store"),
        path_part(request, "terminal"),
        path_part(request, "shift"),
    )
    released = await end_shift(
        services, store, terminal, shift, instant_of(body, "at"), person, reason_of(body)
    )
    return answer({"released": released}) if released is not None else not_found("the shift")


@route("preflight", methods=["GET"])
@answered
async def preflight_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    found = await read_preflight(services)
    unread = "what D365 has was not compared yet; POST /api/preflight does it now"
    return answer(found) if found else problem(404, unread)


@route("preflight", methods=["POST"])
@answered
async def preflight_ordered(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers, "it")
    return answer(await check_contract(services))


@route("reference", methods=["GET"])
@answered
async def reference_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    found = await show_reference(services)
    unread = "D365's reference data was not read yet; POST /api/reference does it now"
    return answer(found) if found else problem(404, unread)


@route("reference", methods=["POST"])
@answered
async def reference_ordered(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers, "finance", "retail_systems", "it")
    return answer({"done": await read_reference(services, ordered=True)})


@route("rebuild/{store}/{business_day}", methods=["GET"])
@answered
async def rebuild_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers, "it", "finance")
    report = await rebuild_storeday(services, path_key(request, "store"), path_day(request))
    return answer(report.as_json()) if report.receipts else not_found("a receipt of this store-day")


@route("usage", methods=["GET"])
@answered
async def usage_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    return answer(usage(services))


@route("openapi.json", methods=["GET"])
async def description_asked_for(request: func.HttpRequest) -> func.HttpResponse:
    return answer(openapi_document())


@route("schemas/transactions.json", methods=["GET"])
async def schema_asked_for(request: func.HttpRequest) -> func.HttpResponse:
    return answer(transactions_schema())


@route("health", methods=["GET"])
async def health_asked_for(request: func.HttpRequest) -> func.HttpResponse:
    return answer({"status": "up"})


@app.queue_trigger("message", queue_name="mapping-due", connection="TILLPOST_STORAGE")
@rung
async def mapping_due(message: func.QueueMessage) -> None:
    await map_transactions(await services(), read_doorbell(message.get_body().decode()))


@app.queue_trigger("message", queue_name="posting-due", connection="TILLPOST_STORAGE")
@rung
async def posting_due(message: func.QueueMessage) -> None:
    log.info("posting rests: %s", await post_transactions(await services()))


@app.queue_trigger("message", queue_name="mapping-due-poison", connection="TILLPOST_STORAGE")
async def mapping_given_up(message: func.QueueMessage) -> None:
    await keep_given_up(await services(), "mapping-due", message.get_body().decode(errors="replace"))


@app.queue_trigger("message", queue_name="posting-due-poison", connection="TILLPOST_STORAGE")
async def posting_given_up(message: func.QueueMessage) -> None:
    await keep_given_up(await services(), "posting-due", message.get_body().decode(errors="replace"))


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def heart_beat(timer: func.TimerRequest) -> None:
    await ring_overdue(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def headquarters_moved(timer: func.TimerRequest) -> None:
    await track_packages(await services())


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def reference_aged(timer: func.TimerRequest) -> None:
    log.info("D365's reference data: %s", await read_reference(await services()))


@app.timer_trigger("timer", schedule="%TILLPOST_HEARTBEAT_SCHEDULE%")
async def day_ended(timer: func.TimerRequest) -> None:
    await compile_statements(await services())
