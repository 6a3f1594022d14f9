"""What waits for people."""

from __future__ import annotations

import azure.functions as func

from shared.flows.read_records import list_causes, read_cause
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found, problem
from shared.web.requests import path_key, query_day

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("causes", methods=["GET"])
async def causes_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    state = request.params.get("state", "open")
    if state not in ("open", "ended", "all"):
        return problem(422, "no such state", field="state", expected="open, ended or all", found=state)
    found = await list_causes(services, None if state == "all" else state, query_day(request, "business_day"))
    return answer({"causes": found})


@route("causes/{fingerprint}", methods=["GET"])
async def cause_asked_for(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    found = await read_cause(services, path_key(request, "fingerprint"))
    return answer(found) if found else not_found("the cause")
