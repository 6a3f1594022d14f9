"""Tills and their shifts: how they stand, and a till that was replaced."""

from __future__ import annotations

import azure.functions as func

from shared.flows.declare_terminal import declare_terminal
from shared.flows.read_tills import read_tills
from shared.flows.take_back_terminal import take_back_terminal
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found
from shared.web.requests import (
    instant_of,
    json_object,
    needed_day_of,
    number_of,
    path_day,
    path_id,
    path_key,
    reason_of,
)

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("tills/{store}/{business_day}", methods=["GET"])
async def tills_asked_for(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    found = await read_tills(services, path_key(request, "store"), path_day(request))
    return answer({"tills": found}) if found is not None else not_found("the store")


@route("tills/{store}/{terminal}/replaced", methods=["POST"])
async def till_replaced(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    body = json_object(request)
    found = await declare_terminal(
        services, path_key(request, "store"), path_id(request, "terminal"), needed_day_of(body, "business_day"),
        instant_of(body, "since"), person, reason_of(body),
    )  # fmt: skip
    return answer(found) if found is not None else not_found("the store")


@route("tills/{store}/{terminal}/not-replaced", methods=["POST"])
async def till_not_replaced(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    body = json_object(request)
    found = await take_back_terminal(
        services, path_key(request, "store"), path_id(request, "terminal"), number_of(body, "generation"), person,
        reason_of(body),
    )  # fmt: skip
    return answer(found) if found is not None else not_found("the store")
