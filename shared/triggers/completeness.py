"""What arrived and what did not: stores and tills last heard, numbers that are missing, and how old receipts became."""

from __future__ import annotations

import azure.functions as func

from shared.flows.read_completeness import list_heard, read_completeness
from shared.flows.tell_over_typed import tell_over_typed
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found
from shared.web.requests import instant_of, json_object, path_day, path_key, reason_of, text_of

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("completeness/{store}/{business_day}", methods=["GET"])
async def completeness_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    found = await read_completeness(services, path_key(request, "store"), path_day(request))
    return answer(found) if found else not_found("a statement of this store-day")


@route("heard", methods=["GET"])
async def heard_asked_for(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    return answer({"stores": await list_heard(services)})


@route("overtyped/{store}/{business_day}", methods=["POST"])
async def totals_over_typed(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    body = json_object(request)
    terminal, shift, tender, amount = (
        text_of(body, name) for name in ("terminal", "shift", "tender", "amount")
    )
    await tell_over_typed(
        services, path_key(request, "store"), path_day(request), terminal, shift, tender, amount, instant_of(body, "at"),
        person, reason_of(body),
    )  # fmt: skip
    return answer({"kept": True})
