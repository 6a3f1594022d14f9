"""What people decide about what is held, and the record of every decision."""

from __future__ import annotations

import azure.functions as func

from shared.flows.amend_receipt import amend_receipt
from shared.flows.cancel_release import cancel_release
from shared.flows.decide_write_off import decide_write_off
from shared.flows.map_transactions import map_transactions
from shared.flows.preview_release import preview_release
from shared.flows.propose_write_off import propose_write_off
from shared.flows.read_releases import list_releases, read_release
from shared.flows.release_exceptions import release_exceptions
from shared.flows.verify_audit import read_audit, verified_json, verify_audit
from shared.gate import Person
from shared.services import Services
from shared.triggers.answered import guarded
from shared.web.amended import CODES, code_of, codes_of
from shared.web.answers import answer, not_found
from shared.web.paths import read_part
from shared.web.queries import query_choice, query_number
from shared.web.requests import (
    hash_of,
    json_object,
    path_key,
    path_number,
    path_part,
    reason_of,
    transaction_parts,
)

blueprint = func.Blueprint()
route = guarded(blueprint)


@route("causes/{fingerprint}/preview", methods=["GET"])
async def release_previewed(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    each = query_choice(request, "receipts", "all") == "all"
    found = await preview_release(services, path_key(request, "fingerprint"), map_transactions, each=each)
    return answer(found) if found else not_found("the cause")


@route("causes/{fingerprint}/release", methods=["POST"])
async def cause_mended(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    fingerprint, body = path_key(request, "fingerprint"), json_object(request)
    done = await release_exceptions(
        services, fingerprint, person, reason_of(body), seen=hash_of(body), map_day=map_transactions
    )
    return answer(done.as_json()) if done is not None else not_found("the cause")


@route("causes/{fingerprint}/releases", methods=["GET"])
async def releases_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    return answer({"releases": await list_releases(services, path_key(request, "fingerprint"))})


@route("causes/{fingerprint}/releases/{number}", methods=["GET"])
async def release_asked_for(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    fingerprint, number = path_key(request, "fingerprint"), path_number(request, "number")
    found = await read_release(services, fingerprint, number)
    return answer(found) if found else not_found("the release")


@route("causes/{fingerprint}/releases/{number}/cancel", methods=["POST"])
async def release_cancelled(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    fingerprint, number = path_key(request, "fingerprint"), path_number(request, "number")
    run = await cancel_release(services, fingerprint, number, person, reason_of(json_object(request)))
    return answer(run) if run is not None else not_found("the release")


@route("transactions/{store}/{account}/{transaction_id}/amend", methods=["POST"])
async def receipt_amended(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    body, (_, account, name) = json_object(request), transaction_parts(request)
    done = await amend_receipt(
        services, path_key(request, "store"), account, name, person, reason_of(body),
        {kind: codes_of(body, kind) for kind in CODES}, code_of(body, "shift"), map_transactions,
    )  # fmt: skip
    return answer(done) if done is not None else not_found("the transaction")


@route("transactions/{store}/{account}/{transaction_id}/write-off", methods=["POST"])
async def write_off_proposed(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    reason, (_, account, name) = reason_of(json_object(request)), transaction_parts(request)
    done = await propose_write_off(services, path_key(request, "store"), account, name, person, reason)
    return answer(done) if done is not None else not_found("the transaction")


@route("transactions/{store}/{account}/{transaction_id}/write-off/approve", methods=["POST"])
async def write_off_approved(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    reason, (_, account, name) = reason_of(json_object(request)), transaction_parts(request)
    store = path_key(request, "store")
    done = await decide_write_off(services, store, account, name, person, reason, approve=True)
    return answer(done) if done is not None else not_found("the transaction")


@route("transactions/{store}/{account}/{transaction_id}/write-off/withdraw", methods=["POST"])
async def write_off_withdrawn(
    request: func.HttpRequest, services: Services, person: Person
) -> func.HttpResponse:
    reason, (_, account, name) = reason_of(json_object(request)), transaction_parts(request)
    store = path_key(request, "store")
    done = await decide_write_off(services, store, account, name, person, reason, approve=False)
    return answer(done) if done is not None else not_found("the transaction")


@route("audit", methods=["GET"])
async def audit_verified(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    found = [verified_json(one) for one in await verify_audit(services)]
    return answer({"unbroken": all(one["unbroken"] for one in found), "areas": found})


@route("audit/{area}", methods=["GET"])
async def audit_asked_for(request: func.HttpRequest, services: Services, person: Person) -> func.HttpResponse:
    start = query_number(request, "start") or 1
    found = await read_audit(services, read_part(path_part(request, "area")), start)
    return answer(found) if found else not_found("a decision about this")
