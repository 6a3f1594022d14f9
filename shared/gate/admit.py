"""Let a call in by what its route declares: a signature, a key, or a token of Entra ID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.errors import ForbiddenError
from shared.gate.access import PERSON, SIGNATURE, Access
from shared.gate.keys import person_of_key, refuse_without_role
from shared.gate.signed import UNSIGNED, admit_sender
from shared.gate.texts import bearer_of, lowered
from shared.gate.token_keys import TokenKeys
from shared.gate.tokens import Claims, claims_of, is_token, key_id_of
from shared.settings import ROLES, Person, Sender, Settings, unlisted_name

READER = "reader"
LEEWAY_SECONDS = 60  # by which clocks of honest machines differ
UNKNOWN = "sign in with a key or a token that is known here"


@dataclass(frozen=True, slots=True)
class Call:
    """What the gate sees of a request. path: as a source account signs it, beginning with /api."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def admit(
    access: Access, settings: Settings, token_keys: TokenKeys | None, call: Call, now: datetime
) -> Person | Sender:
    """Say who is calling, and that they may come in by this route.

    Raises:
        ForbiddenError: 401 for whoever is not known, 403 for somebody known who may not do this.
        RetryableError: the keys that tokens are signed with could not be read.
    """
    if SIGNATURE in access.ways and "x-tillpost-account" in lowered(call.headers):
        return admit_sender(settings, call.headers, call.method, call.path, call.body, now)
    bearer = bearer_of(call.headers)
    if PERSON in access.ways and (person := person_of_key(settings, bearer)):
        refuse_without_role(person, access.roles)
        return person
    if token_keys is None or not is_token(bearer):
        raise ForbiddenError(UNKNOWN if PERSON in access.ways else UNSIGNED)
    key = await token_keys.key_of(key_id_of(bearer))
    if key is None:
        raise ForbiddenError(UNKNOWN)
    leeway = settings.clock.patience(LEEWAY_SECONDS)
    claims = claims_of(settings.entra, bearer, key, now, leeway)
    return _person(settings, access, claims) if claims.is_person else _machine(settings, access, claims)


def _person(settings: Settings, access: Access, claims: Claims) -> Person:
    """Give the person of a token. The name that is kept is the settings', else the id in Entra ID: never a mail address."""
    if PERSON not in access.ways:
        raise ForbiddenError("this is for source accounts", status=403)
    names = {one.object_id: one.name for one in settings.people if one.object_id}
    name = names.get(claims.object_id, unlisted_name(claims.object_id))
    person = Person(name, claims.roles & set(ROLES), "", claims.object_id)
    refuse_without_role(person, access.roles)
    return person


def _machine(settings: Settings, access: Access, claims: Claims) -> Person | Sender:
    """Give the source account an application is bound to; one bound to none may read, where it was given that role.

    An application never decides: its other roles do not count, and one that sends is nothing but its source account.
    """
    bound = [one for one in settings.senders.values() if claims.application in one.applications]
    if bound and SIGNATURE in access.ways:
        return bound[0]
    if bound or PERSON not in access.ways:
        raise ForbiddenError("this application may not do this", status=403)
    reader = Person(f"application {claims.application}", claims.roles & {READER}, "")
    refuse_without_role(reader, access.roles)
    return reader
