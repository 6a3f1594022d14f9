"""Store-days: statements, what is missing in them, shifts, and working a day out again."""

from __future__ import annotations

import azure.functions as func

from shared.flows.confirm_missing import confirm_missing
from shared.flows.end_shift import end_shift
from shared.flows.read_records import list_storedays, read_signed, read_statement
from shared.flows.rebuild_storeday import rebuild_storeday
from shared.flows.sign_off import sign_off
from shared.flows.trace_receipt import trace_receipt
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, answer_as, not_found
from shared.web.requests import (
    chosen_format,
    instant_of,
    json_object,
    number_of,
    number_or,
    numbers_of,
    path_day,
    path_id,
    path_key,
    path_number,
    path_part,
    reason_of,
    text_of,
)
from shared.web.sheets import statement_csv, statement_page, storedays_csv
from shared.web.trail import trail_page

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("statements/{store}/{business_day}", methods=["GET"])
async def statement_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    wanted = chosen_format(request)
    found = await read_statement(services, path_key(request, "store"), path_day(request))
    if found is None:
        return not_found("a statement of this store-day")
    return answer_as(wanted, found, statement_csv, statement_page)


@route("statements/{store}/{business_day}/missing", methods=["POST"])
async def missing_decided(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    body = json_object(request)
    count = await confirm_missing(
        services, path_key(request, "store"), path_day(request), text_of(body, "terminal"),
        numbers_of(body, "sequence_numbers"), text_of(body, "decision"), person, reason_of(body),
        number_or(body, "generation", 1),
    )  # fmt: skip
    return answer({"confirmed": count})


@route("storedays/{legal_entity}/{business_day}", methods=["GET"])
async def storedays_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    wanted = chosen_format(request, "json", "csv")
    found = await list_storedays(services, path_part(request, "legal_entity"), path_day(request))
    return answer_as(wanted, {"storedays": found}, lambda body: storedays_csv(body["storedays"]))


@route("statements/{store}/{business_day}/sign-off", methods=["POST"])
async def storeday_signed_off(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    body = json_object(request)
    done = await sign_off(
        services,
        path_key(request, "store"),
        path_day(request),
        number_of(body, "revision"),
        person,
        reason_of(body),
    )
    return answer(done) if done else not_found("a statement of this store-day")


@route("statements/{store}/{business_day}/signed/{number}", methods=["GET"])
async def signed_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    number = path_number(request, "number")
    found = await read_signed(services, path_key(request, "store"), path_day(request), number)
    return answer(found) if found else not_found("such a signature")


@route("trail/{store}/{business_day}/{receipt_number}", methods=["GET"])
async def trail_asked_for(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    wanted = chosen_format(request, "json", "html")
    label = path_id(request, "receipt_number")
    found = await trace_receipt(services, path_key(request, "store"), path_day(request), label)
    if not found:
        return not_found("a receipt with this number")
    return answer_as(wanted, {"receipts": found}, page=trail_page)


@route("shifts/{store}/{terminal}/{shift}/end", methods=["POST"])
async def shift_ended(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    body = json_object(request)
    store, terminal, shift = (
        path_key(request, "store"),
        path_id(request, "terminal"),
        path_id(request, "shift"),
    )
    released = await end_shift(
        services, store, terminal, shift, instant_of(body, "at"), person, reason_of(body)
    )
    return answer({"released": released}) if released is not None else not_found("the shift")


@route("rebuild/{store}/{business_day}", methods=["GET"])
async def rebuild_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    report = await rebuild_storeday(services, path_key(request, "store"), path_day(request))
    return answer(report.as_json()) if report.receipts else not_found("a receipt of this store-day")
