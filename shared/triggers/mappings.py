"""Mappings: taken over and given out as CSV, their history, what stores lack, and what was seen that nobody mapped."""

from __future__ import annotations

import azure.functions as func

from shared.flows.check_coverage import check_coverage
from shared.flows.check_store import check_store
from shared.flows.import_mapping import export_mapping, import_mapping
from shared.flows.read_mappings import list_imports, read_import, show_mapping
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.answers import answer, not_found, problem
from shared.web.queries import query_day_of, query_flag, query_number
from shared.web.requests import chosen_format, path_key, path_number, path_part, reason_header

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("mappings/{kind}", methods=["PUT"])
async def mapping_changed(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    kind, content, check = path_part(request, "kind"), request.get_body(), query_flag(request, "check")
    done = await import_mapping(services, kind, content, person, reason_header(request), check=check)
    if done.problems:
        many = len(done.problems)
        title = f"{many} {'mistake' if many == 1 else 'mistakes'}; nothing was changed"
        return problem(422, title, problems=done.problems_json())
    return answer(done.as_json(check=check))


@route("mappings/{kind}", methods=["GET"])
async def mapping_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    kind = path_part(request, "kind")
    day, version = query_day_of(request, "day"), query_number(request, "version")
    if chosen_format(request, "csv", "json", usual="csv") == "json":
        return answer(await show_mapping(services, kind))
    text = await export_mapping(services, kind, day=day, version=version)
    return func.HttpResponse(text, mimetype="text/csv", charset="utf-8")


@route("mappings/{kind}/history", methods=["GET"])
async def mapping_history_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    kind = path_part(request, "kind")
    return answer({"kind": kind, "imports": await list_imports(services, kind)})


@route("mappings/{kind}/history/{version}", methods=["GET"])
async def mapping_import_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    version = path_number(request, "version", digits_max=9)
    found = await read_import(services, path_part(request, "kind"), version)
    return answer(found) if found else not_found("this import of the mapping")


@route("stores/{store}/readiness", methods=["GET"])
async def store_readiness_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    return answer(await check_store(services, path_key(request, "store")))


@route("coverage", methods=["GET"])
async def coverage_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    day, days = query_day_of(request, "as_of"), query_number(request, "days")
    return answer(await check_coverage(services, as_of=day, days=days))
