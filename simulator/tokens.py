"""The sign-in authority: client credentials in, a bearer token out; and what D365 says to a token. Its time is real time."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from simulator.answers import D365Error, error_answer
from simulator.world import World

PLACEHOLDER_OF_D365FO_CLIENT = "mock-token-for-localhost"
_UNAUTHORIZED_HTML = (
    "<!DOCTYPE html><html><head><title>401 - Unauthorized: Access is denied due to invalid credentials.</title></head>"
    "<body><h1>Server Error</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class _Token:
    until: float
    audience: str


class Authority:
    """Knows one application, and the tokens it has given it."""

    def __init__(self, client_id: str, client_secret: str, world: World) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._world = world
        self._tokens: dict[str, _Token] = {}

    def routes(self) -> list[web.RouteDef]:
        """Give the authority's routes: any tenant, v2 and v1."""
        return [
            web.post("/{tenant}/oauth2/v2.0/token", self.token),
            web.post("/{tenant}/oauth2/token", self.token),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self.configuration),
        ]

    async def token(self, request: web.Request) -> web.Response:
        """Answer a client credentials request: v2 names a scope, v1 a resource (D365 facts §7)."""
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
        if form.get("client_id") != self._client_id:
            return _refusal(401, "unauthorized_client", 700016, "Application was not found in the directory.")
        if not secrets.compare_digest(str(form.get("client_secret", "")), self._client_secret):
            return _refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
        version_2 = "/v2.0/" in request.path
        audience = str(form.get("scope" if version_2 else "resource", ""))
        audience = audience.removesuffix("/.default") if version_2 else audience
        if audience != origin_of(request) and not audience.startswith("api://"):
            wanted = f"{origin_of(request)}/.default" if version_2 else origin_of(request)
            return _refusal(401, "invalid_scope", 70011, f"The scope is not {wanted}.")
        token, now, seconds = secrets.token_urlsafe(48), time.time(), self._world.switches.token_seconds
        self._tokens = {one: known for one, known in self._tokens.items() if known.until > now}
        self._tokens[token] = _Token(now + seconds, audience)
        return web.json_response(
            {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
        )

    async def configuration(self, request: web.Request) -> web.Response:
        """Answer what a sign-in library asks before its first token."""
        base = f"{origin_of(request)}/{request.match_info['tenant']}"
        return web.json_response(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "issuer": f"{base}/v2.0",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def forget(self) -> None:
        """Take back every token."""
        self._tokens.clear()

    def refusal(self, request: web.Request) -> web.Response | None:
        """Give D365's answer to a request whose token is no good, or whose application it does not know; None if it may in."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        switches = self._world.switches
        if (
            token == PLACEHOLDER_OF_D365FO_CLIENT
            and switches.placeholder_sign_in_of_d365fo_client == "accept"
        ):
            return None
        known = self._tokens.get(token) if scheme == "Bearer" else None
        if known is None or known.until <= time.time() or known.audience != origin_of(request):
            return self._unauthorized(request)
        if switches.application_user == "missing_403":
            text = "The application is not mapped to a user in Microsoft Entra ID applications."
            return error_answer(D365Error(403, text, "System.UnauthorizedAccessException"))
        return self._unauthorized(request) if switches.application_user == "missing_401" else None

    def _unauthorized(self, request: web.Request) -> web.Response:
        """Nobody could say what body a 401 has; its header is what counts."""
        headers = {
            "WWW-Authenticate": f'Bearer authorization_uri="{origin_of(request)}/common/oauth2/authorize"'
        }
        body = self._world.switches.unauthorized_body
        if body == "html":
            return web.Response(
                status=401, headers=headers, text=_UNAUTHORIZED_HTML, content_type="text/html"
            )
        if body == "json":
            return error_answer(D365Error(401, "Unauthorized"), headers)
        return web.Response(status=401, headers=headers)


def origin_of(request: web.Request) -> str:
    """Give the address the request came to."""
    return f"https://{request.host}"


def _refusal(status: int, error: str, code: int, description: str) -> web.Response:
    body = {"error": error, "error_description": f"AADSTS{code}: {description}", "error_codes": [code]}
    return web.json_response(body, status=status)
