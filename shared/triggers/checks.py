"""The checks that people make each day and each month."""

from __future__ import annotations

import azure.functions as func

from shared.flows.run_checks import keep_checks, list_checks, run_checks
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found
from shared.web.queries import query_format
from shared.web.reports import as_asked
from shared.web.requests import json_object, note_of, path_part

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("checks/{cadence}/{legal_entity}/{period}", methods=["GET"])
async def checks_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    form = query_format(request)
    cadence, legal_entity, period = (
        path_part(request, name) for name in ("cadence", "legal_entity", "period")
    )
    report = await run_checks(services, cadence, legal_entity, period)
    return as_asked(report, form) if report else not_found("a store of this legal entity")


@route("checks/{cadence}/{legal_entity}/{period}", methods=["POST"])
async def checks_made(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    note = note_of(json_object(request))
    cadence, legal_entity, period = (
        path_part(request, name) for name in ("cadence", "legal_entity", "period")
    )
    kept = await keep_checks(services, cadence, legal_entity, period, person, note)
    return answer(kept) if kept else not_found("a store of this legal entity")


@route("checks/{cadence}/{legal_entity}", methods=["GET"])
async def kept_checks_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    cadence, legal_entity = path_part(request, "cadence"), path_part(request, "legal_entity")
    return answer(
        {"checks": await list_checks(services, cadence, legal_entity, request.params.get("period", ""))}
    )
