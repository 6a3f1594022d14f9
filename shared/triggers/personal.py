"""Personal data: what is kept of a person, erasing it at their request, and what retention has let go."""

from __future__ import annotations

import azure.functions as func

from shared.flows.erase_personal import Wanted, erase_personal
from shared.flows.find_personal import find_personal
from shared.flows.read_retention import read_retention
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer
from shared.web.personal import account_of, day_of, flag_of, names_of, receipts_of, stores_of
from shared.web.queries import query_flag
from shared.web.requests import json_object, reason_of

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("personal-data/find", methods=["POST"])
async def personal_data_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    body = json_object(request)
    account, texts, stores = account_of(body), names_of(body, "texts"), stores_of(body)
    days = day_of(body, "from"), day_of(body, "to")
    return answer(await find_personal(services, account, texts, *days, stores))


@route("personal-data/erase", methods=["POST"])
async def erasure_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    body, check = json_object(request), query_flag(request, "check")
    wanted = [Wanted(*one) for one in receipts_of(body)]
    operator = flag_of(body, "operator")
    return answer(
        await erase_personal(services, person, reason_of(body), wanted, operator=operator, check=check)
    )


@route("personal-data/retention", methods=["GET"])
async def retention_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    return answer(await read_retention(services))
