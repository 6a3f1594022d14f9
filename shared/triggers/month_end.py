"""Month end: whether a period can be closed, what the ledger lacks, what came late, and the vouchers behind a store-day."""

from __future__ import annotations

import azure.functions as func

from shared.flows.accrue_unposted import accrue_unposted
from shared.flows.check_readiness import check_readiness, confirm_till
from shared.flows.check_vouchers import check_vouchers
from shared.flows.list_late import list_late
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found
from shared.web.queries import query_cut_off, query_format
from shared.web.reports import as_asked
from shared.web.requests import json_object, path_day, path_key, path_part, reason_of, text_of

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("readiness/{legal_entity}/{period}", methods=["GET"])
async def readiness_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    form = query_format(request)
    report = await check_readiness(services, path_part(request, "legal_entity"), path_part(request, "period"))
    return as_asked(report, form) if report else not_found("a store of this legal entity")


@route("readiness/{legal_entity}/{period}/tills", methods=["POST"])
async def till_confirmed(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    body = json_object(request)
    done = await confirm_till(
        services, path_part(request, "legal_entity"), path_part(request, "period"), text_of(body, "store"),
        text_of(body, "terminal"), person, reason_of(body),
    )  # fmt: skip
    return answer({"confirmed": True}) if done else not_found("the store")


@route("accrual/{legal_entity}", methods=["GET"])
async def accrual_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    form, (at, day) = query_format(request), query_cut_off(request)
    report = await accrue_unposted(services, path_part(request, "legal_entity"), at=at, day=day)
    return as_asked(report, form) if report else not_found("a store of this legal entity")


@route("late/{legal_entity}/{period}", methods=["GET"])
async def late_asked_for(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    form = query_format(request)
    report = await list_late(services, path_part(request, "legal_entity"), path_part(request, "period"))
    return as_asked(report, form) if report else not_found("a store of this legal entity")


@route("statements/{store}/{business_day}/vouchers", methods=["POST"])
async def vouchers_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    found = await check_vouchers(services, path_key(request, "store"), path_day(request))
    return answer(found) if found else not_found("a posted receipt of this store-day")
