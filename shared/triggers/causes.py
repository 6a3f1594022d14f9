"""What people say of a cause (whose it is, notes, set aside until), and what was told of causes."""

from __future__ import annotations

import azure.functions as func

from shared.flows.assign_cause import assign_cause
from shared.flows.note_cause import note_cause
from shared.flows.read_alerts import read_alerts
from shared.flows.read_records import read_cause
from shared.flows.set_cause_aside import set_cause_aside
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found
from shared.web.requests import (
    free_text_of,
    instant_of,
    json_object,
    name_of,
    path_key,
    query_month,
    reason_of,
)

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("causes/{fingerprint}/assign", methods=["POST"])
async def cause_given_to_somebody(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    fingerprint, body = path_key(request, "fingerprint"), json_object(request)
    head = await assign_cause(services, fingerprint, name_of(body, "to"), person, reason_of(body))
    return answer(await read_cause(services, fingerprint)) if head else not_found("the cause")


@route("causes/{fingerprint}/notes", methods=["POST"])
async def cause_noted(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    fingerprint, body = path_key(request, "fingerprint"), json_object(request)
    head = await note_cause(services, fingerprint, free_text_of(body, "note"), person)
    return answer(await read_cause(services, fingerprint)) if head else not_found("the cause")


@route("causes/{fingerprint}/set_aside", methods=["POST"])
async def cause_set_aside(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    fingerprint, body = path_key(request, "fingerprint"), json_object(request)
    until, reason = instant_of(body, "until"), reason_of(body)
    head = await set_cause_aside(services, fingerprint, until, person, reason)
    return answer(await read_cause(services, fingerprint)) if head else not_found("the cause")


@route("causes/{fingerprint}/take_up", methods=["POST"])
async def cause_taken_up(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    fingerprint, reason = path_key(request, "fingerprint"), reason_of(json_object(request))
    head = await set_cause_aside(services, fingerprint, None, person, reason)
    return answer(await read_cause(services, fingerprint)) if head else not_found("the cause")


@route("alerts", methods=["GET"])
async def alerts_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    return answer(await read_alerts(services, query_month(request, "month", services.now())))
