"""What arrived and what did not: stores and tills last heard, numbers that are missing, and how old receipts became."""

from __future__ import annotations

import functools

import azure.functions as func

from shared.flows.read_completeness import list_heard, read_completeness
from shared.flows.read_vendors import read_vendors
from shared.flows.tell_over_typed import tell_over_typed
from shared.gate import admit_person
from shared.services import Services
from shared.triggers.answered import answered
from shared.web.answers import answer, not_found
from shared.web.requests import instant_of, json_object, path_day, path_key, reason_of, text_of

blueprint = func.Blueprint()
route = functools.partial(blueprint.route, trigger_arg_name="request")


@route("completeness/{store}/{business_day}", methods=["GET"])
@answered
async def completeness_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    found = await read_completeness(services, path_key(request, "store"), path_day(request))
    return answer(found) if found else not_found("a statement of this store-day")


@route("heard", methods=["GET"])
@answered
async def heard_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    return answer({"stores": await list_heard(services)})


@route("vendors", methods=["GET"])
@answered
async def vendors_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers)
    return answer({"vendors": await read_vendors(services)})


@route("overtyped/{store}/{business_day}", methods=["POST"])
@answered
async def totals_over_typed(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    person = admit_person(services.settings, request.headers, "finance", "store_operations")
    body = json_object(request)
    terminal, shift, tender, amount = (
        text_of(body, name) for name in ("terminal", "shift", "tender", "amount")
    )
    await tell_over_typed(
        services, path_key(request, "store"), path_day(request), terminal, shift, tender, amount, instant_of(body, "at"),
        person, reason_of(body),
    )  # fmt: skip
    return answer({"kept": True})
