"""What is known of D365 and of the app itself."""

from __future__ import annotations

import azure.functions as func

from shared.flows.check_contract import check_contract, read_preflight
from shared.flows.read_reference import read_reference, show_reference
from shared.gate import Person
from shared.services import Services, usage
from shared.triggers.answered import guarded
from shared.web.answers import answer, problem
from shared.web.openapi import openapi_document, transactions_schema

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("preflight", methods=["GET"])
async def preflight_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    found = await read_preflight(services)
    unread = "what D365 has was not compared yet; POST /api/preflight does it now"
    return answer(found) if found else problem(404, unread)


@route("preflight", methods=["POST"])
async def preflight_ordered(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    return answer(await check_contract(services))


@route("reference", methods=["GET"])
async def reference_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    found = await show_reference(services)
    unread = "D365's reference data was not read yet; POST /api/reference does it now"
    return answer(found) if found else problem(404, unread)


@route("reference", methods=["POST"])
async def reference_ordered(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    return answer({"done": await read_reference(services, ordered=True)})


@route("usage", methods=["GET"])
async def usage_asked_for(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    return answer(usage(services))


@route("openapi.json", methods=["GET"])
async def description_asked_for(request: func.HttpRequest) -> func.HttpResponse:
    return answer(openapi_document())


@route("schemas/transactions.json", methods=["GET"])
async def schema_asked_for(request: func.HttpRequest) -> func.HttpResponse:
    return answer(transactions_schema())


@route("health", methods=["GET"])
async def health_asked_for(request: func.HttpRequest) -> func.HttpResponse:
    return answer({"status": "up"})
