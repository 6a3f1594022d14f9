"""The app's connection to D365: each call reaches the simulator in process, unless the weather is against it."""

from __future__ import annotations

import httpx
from azure.core.credentials import AccessToken

from tests.simulation.effects import Doing, Effects
from tests.simulation.headquarters import DroppedError, Headquarters, UnluckyImports, as_httpx, target_of
from tests.simulation.pace import Pace

_ERRORS = (500, 502, 504)


class Token:
    """A credential that is always good."""

    async def get_token(self, *_: str) -> AccessToken:
        return AccessToken("a token", 4_000_000_000)


class InProcess(httpx.AsyncBaseTransport):
    """Answers by calling the simulator; before and after it, everything may go wrong that goes wrong on a wire."""

    def __init__(self, headquarters: Headquarters[UnluckyImports], effects: Effects) -> None:
        self._headquarters = headquarters
        self._effects = effects
        self.silent = False
        self.pace: Pace | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raw, name = target_of(request)
        effects, weather = self._effects, self._effects.weather
        doing = await effects.arrive(f"d365 {request.method}", name)
        if self.pace is not None and name != "blob":
            self.pace.calls(doing, name)
        if self.silent:
            effects.met["d365 was silent to"] += 1
            raise httpx.ConnectTimeout("D365 is silent", request=request)
        if effects.chance(weather.d365_unreachable):
            effects.met["d365 unreachable"] += 1
            raise httpx.ConnectError("no connection", request=request)
        refusal = None if name == "blob" else self._refusal(request, doing)
        if refusal is not None:
            return refusal
        content = await request.aread()
        try:
            answer = await self._headquarters.answer(request.method, raw, dict(request.headers), content)
        except DroppedError as error:
            effects.met["d365 lost"] += 1
            raise httpx.RemoteProtocolError("no answer", request=request) from error
        if doing is not None:
            await effects.leave(doing)
        if effects.chance(weather.d365_lost * (4 if name == "ImportFromPackage" else 1)):
            effects.met[f"d365 lost {name}"] += 1
            raise httpx.ReadTimeout("the answer got lost", request=request)
        if name != "blob" and effects.chance(weather.d365_error_after):
            effects.met["d365 error after commit"] += 1
            return httpx.Response(500, json={"error": {"message": "An error has occurred."}}, request=request)
        return as_httpx(request, answer)

    def _refusal(self, request: httpx.Request, doing: Doing | None) -> httpx.Response | None:
        effects, weather = self._effects, self._effects.weather
        if effects.chance(weather.d365_throttled):
            effects.met["d365 throttled"] += 1
            headers = {"Retry-After": str(int(effects.between(1, 300)))} if effects.chance(0.7) else {}
            if headers and self.pace is not None:
                self.pace.slow_down(doing, float(headers["Retry-After"]))
            status = 429 if effects.chance(0.8) else 503
            return httpx.Response(status, headers=headers, json={}, request=request)
        if effects.chance(weather.d365_error):
            effects.met["d365 error"] += 1
            return httpx.Response(_ERRORS[int(effects.between(0, 2.99))], json={}, request=request)
        if effects.chance(weather.d365_signed_out):
            effects.met["d365 signed out"] += 1
            return httpx.Response(401, request=request)
        return None
