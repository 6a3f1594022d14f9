"""What came back of a receipt, and people's word about returns that cannot go by themselves."""

from __future__ import annotations

import azure.functions as func

from shared.flows.accept_return import accept_return
from shared.flows.read_returns import read_returns
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found
from shared.web.requests import json_object, path_key, reason_of, transaction_parts

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("returns/{store}/{account}/{transaction_id}", methods=["GET"])
async def returns_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    parts = transaction_parts(request)
    found = await read_returns(services, path_key(request, "store"), *parts[1:])
    return answer(found) if found else not_found("the receipt")


@route("returns/{store}/{account}/{transaction_id}/accept", methods=["POST"])
async def return_accepted(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    parts, reason = transaction_parts(request), reason_of(json_object(request))
    done = await accept_return(services, path_key(request, "store"), *parts[1:], person, reason)
    return answer(done) if done is not None else not_found("the receipt")
