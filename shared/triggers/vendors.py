"""Vendors' webhooks: an authentic one is answered as heard once it is kept, whatever is in it."""

from __future__ import annotations

import functools

import azure.functions as func

from shared.flows.hear_vendor import hear_vendor
from shared.flows.ingest_transactions import ingest_transactions
from shared.gate_vendors import admit_vendor, shopify_topic
from shared.services import Services
from shared.settings_vendors import LIGHTSPEED, SHOPIFY, SQUARE
from shared.triggers.answered import answered
from shared.web.answers import answer

blueprint = func.Blueprint()
route = functools.partial(blueprint.route, trigger_arg_name="request")
_ingest = functools.partial(ingest_transactions, tell_again=False)


async def _heard(
    request: func.HttpRequest, services: Services, vendor: str, topic: str = ""
) -> func.HttpResponse:
    account, body = request.route_params.get("account", ""), request.get_body()
    admitted = admit_vendor(services.settings, vendor, account, request.headers, body)
    return answer({"heard": await hear_vendor(services, admitted, body, topic, _ingest)})


@route("pos/shopify/{account}", methods=["POST"])
@answered
async def shopify_called(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    return await _heard(request, services, SHOPIFY, shopify_topic(request.headers))


@route("pos/square/{account}", methods=["POST"])
@answered
async def square_called(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    return await _heard(request, services, SQUARE)


@route("pos/lightspeed/{account}", methods=["POST"])
@answered
async def lightspeed_called(request: func.HttpRequest, services: Services) -> func.HttpResponse:
    return await _heard(request, services, LIGHTSPEED)
