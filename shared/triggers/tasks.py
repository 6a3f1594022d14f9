"""What waits for people."""

from __future__ import annotations

import functools

import azure.functions as func

from shared.flows.read_records import list_causes, read_cause
from shared.gate import admit_person
from shared.services import Services
from shared.triggers.answered import answered
from shared.web.answers import answer, not_found, problem
from shared.web.requests import path_key, query_day

blueprint = func.Blueprint()
route = functools.partial(blueprint.route, trigger_arg_name="request")


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
