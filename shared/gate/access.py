"""Who may come in by a route: how callers show who they are, and which roles people need."""

from __future__ import annotations

from dataclasses import dataclass

from shared.settings import ROLES

PERSON, SIGNATURE = "person", "signature"


@dataclass(frozen=True, slots=True)
class Access:
    """ways: how a caller may show who it is, none for a route that is open to anyone; roles: any of these is enough.

    PERSON is a key or an Entra ID token of a person, SIGNATURE a source account's signature or its application's token.
    """

    ways: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not set(self.roles) <= set(ROLES) or bool(self.roles) != (PERSON in self.ways):
            raise ValueError("people need a role that exists; nobody else has one")


def people(*roles: str) -> Access:
    """Let people in that hold one of these roles; without any, whoever holds one at all."""
    return Access((PERSON,), roles or ROLES)
