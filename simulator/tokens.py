"""The sign-in authority: client credentials in, a bearer token out. Its time is real time."""

from __future__ import annotations

import secrets
import time

from aiohttp import web

LIFE_SECONDS = 3600


class Authority:
    """Knows one application, and the tokens it has given it."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._tokens: dict[str, float] = {}

    def routes(self) -> list[web.RouteDef]:
        """Give the authority's routes: any tenant, v2 only."""
        return [
            web.post("/{tenant}/oauth2/v2.0/token", self.token),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self.configuration),
        ]

    async def token(self, request: web.Request) -> web.Response:
        """Answer a client credentials request."""
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", "AADSTS70003: The grant type is not supported.")
        if form.get("client_id") != self._client_id:
            return _refusal(
                401, "unauthorized_client", "AADSTS700016: Application was not found in the directory."
            )
        if not secrets.compare_digest(str(form.get("client_secret", "")), self._client_secret):
            return _refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        if form.get("scope") != f"{origin_of(request)}/.default":
            return _refusal(
                401, "invalid_scope", f"AADSTS70011: The scope is not {origin_of(request)}/.default."
            )
        token = secrets.token_urlsafe(48)
        now = time.time()
        self._tokens = {one: until for one, until in self._tokens.items() if until > now}
        self._tokens[token] = now + LIFE_SECONDS
        return web.json_response(
            {
                "token_type": "Bearer",
                "expires_in": LIFE_SECONDS,
                "ext_expires_in": LIFE_SECONDS,
                "access_token": token,
            }
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

    def accepts(self, request: web.Request) -> bool:
        """Whether the request carries a token that is still good."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme == "Bearer" and self._tokens.get(token, 0.0) > time.time()


def origin_of(request: web.Request) -> str:
    """Give the address the request came to."""
    return f"https://{request.host}"


def _refusal(status: int, error: str, description: str) -> web.Response:
    return web.json_response(
        {"error": error, "error_description": description, "error_codes": []}, status=status
    )
