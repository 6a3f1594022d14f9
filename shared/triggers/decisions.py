"""What people decide about what is held, and the record of every decision."""

from __future__ import annotations

import functools

import azure.functions as func

from shared.flows.verify_audit import read_audit, verified_json, verify_audit
from shared.gate import admit_person
from shared.services import Services
from shared.triggers.answered import answered
from shared.web.answers import answer, not_found
from shared.web.paths import read_part
from shared.web.requests import path_part

blueprint = func.Blueprint()
route = functools.partial(blueprint.route, trigger_arg_name="request")


@route("audit", methods=["GET"])
@answered
async def audit_verified(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers, "it", "finance")
    found = [verified_json(one) for one in await verify_audit(services)]
    return answer({"unbroken": all(one["unbroken"] for one in found), "areas": found})


@route("audit/{area}", methods=["GET"])
@answered
async def audit_asked_for(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    admit_person(services.settings, request.headers, "it", "finance")
    found = await read_audit(services, read_part(path_part(request, "area")))
    return answer(found) if found else not_found("a decision about this")
