"""Access tokens of Entra ID: one algorithm, one tenant, our audience, within their time; ours alone to read.

What each claim means: learn.microsoft.com, "Access token claims reference" of the Microsoft identity platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.utils import base64url_decode, base64url_encode

from shared.errors import ForbiddenError
from shared.settings import EntraSettings, is_guid

ALGORITHM = "RS256"
TOKEN_CHARACTERS_MAX = 16_384
ROLES_MAX = 200
REFUSED = "the token does not open this app, or its time is over"
# Signature alone is left to the library: times go by the one clock, and the rest is compared below, all of it.
_SIGNATURE_ONLY = {
    f"verify_{name}": name == "signature"
    for name in ("signature", "exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a token is about. object_id: the person's (or the application's own) in the tenant; application: its client id.

    is_person: somebody signed in, and the application acts for them; else it acts for itself.
    """

    object_id: str
    application: str
    roles: frozenset[str]
    is_person: bool


def is_token(text: str) -> bool:
    """Say whether a text has the form of a token: three parts, the first of which says how it is signed."""
    return text.count(".") == 2 and text.isascii() and len(text) <= TOKEN_CHARACTERS_MAX


def key_id_of(token: str) -> str:
    """Give the name of the key that a token says it is signed with.

    Raises:
        ForbiddenError: it is not signed as tokens of Entra ID are.
    """
    try:
        is_plain = all(base64url_encode(base64url_decode(one)) == one.encode() for one in token.split("."))
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise ForbiddenError(REFUSED) from error
    if not is_plain:  # one token has one spelling, though its last letters have room for several
        raise ForbiddenError(REFUSED)
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str) or not key_id:
        raise ForbiddenError(REFUSED)
    return key_id


def claims_of(
    entra: EntraSettings, token: str, key: RSAPublicKey, now: datetime, leeway: timedelta
) -> Claims:
    """Verify a token, and give what it says.

    Raises:
        ForbiddenError: 401; it does not say which part was wrong.
    """
    try:
        said: Mapping[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM], options=_SIGNATURE_ONLY)  # type: ignore[arg-type]  # made above
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise ForbiddenError(REFUSED) from error
    roles, scope = said.get("roles", []), said.get("scp", "")
    application = said.get("appid" if said.get("ver") == "1.0" else "azp")
    is_right = (
        _is_of_this_tenant(entra, said)
        and _is_in_time(said, now, leeway)
        and isinstance(roles, list)
        and len(roles) <= ROLES_MAX
        and all(isinstance(one, str) for one in roles)
        and isinstance(scope, str)
        and _is_id(said.get("oid"))
        and _is_id(application)
        and said.get("idtyp", "user" if scope else "app") == ("user" if scope else "app")
    )
    if not is_right:
        raise ForbiddenError(REFUSED)
    return Claims(str(said["oid"]).lower(), str(application).lower(), frozenset(roles), bool(scope))


def _is_of_this_tenant(entra: EntraSettings, said: Mapping[str, Any]) -> bool:
    version, audience = said.get("ver"), said.get("aud")
    return (
        isinstance(version, str)
        and said.get("iss") == entra.issuers.get(version, "no such version")
        and said.get("tid") == entra.tenant_id
        and isinstance(audience, str)
        and audience in entra.audiences
    )


def _is_in_time(said: Mapping[str, Any], now: datetime, leeway: timedelta) -> bool:
    begins, ends = said.get("nbf"), said.get("exp")
    if type(begins) is not int or type(ends) is not int:
        return False
    moment, spare = now.timestamp(), leeway.total_seconds()
    return begins - spare <= moment < ends + spare


def _is_id(value: object) -> bool:
    return isinstance(value, str) and is_guid(value.lower())
