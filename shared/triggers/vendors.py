"""Vendors' webhooks: an authentic one is answered as heard once it is kept, whatever is in it."""

from __future__ import annotations

import functools

import azure.functions as func

from shared.flows.hear_vendor import hear_vendor
from shared.flows.ingest_transactions import ingest_transactions
from shared.gate_vendors import shopify_topic
from shared.services import Services
from shared.settings_vendors import VendorAccount
from shared.triggers.answered import guarded
from shared.web.answers import answer

blueprint = func.Blueprint()
route = guarded(blueprint)
_ingest = functools.partial(ingest_transactions, tell_again=False)


@route("pos/shopify/{account}", methods=["POST"])
async def shopify_called(
    request: func.HttpRequest, services: Services, account: VendorAccount
) -> func.HttpResponse:
    topic = shopify_topic(request.headers)
    return answer({"heard": await hear_vendor(services, account, request.get_body(), topic, _ingest)})


@route("pos/square/{account}", methods=["POST"])
async def square_called(
    request: func.HttpRequest, services: Services, account: VendorAccount
) -> func.HttpResponse:
    return answer({"heard": await hear_vendor(services, account, request.get_body(), "", _ingest)})


@route("pos/lightspeed/{account}", methods=["POST"])
async def lightspeed_called(
    request: func.HttpRequest, services: Services, account: VendorAccount
) -> func.HttpResponse:
    return answer({"heard": await hear_vendor(services, account, request.get_body(), "", _ingest)})
