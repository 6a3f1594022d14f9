"""The bearer token for D365, kept until a minute before it expires.

Tokens live by real time, even where the app's own clock is a simulated one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError

from shared.errors import RetryableError

EARLY_SECONDS = 60


class Credential(Protocol):
    """What azure-identity's asynchronous credentials offer, as far as it is used."""

    async def get_token(self, *scopes: str) -> AccessToken: ...


class Tokens:
    """Tokens for one D365 environment. `origin` is its address without a trailing slash."""

    def __init__(
        self, credential: Credential, origin: str, real_now: Callable[[], float] = time.time
    ) -> None:
        self._credential = credential
        self._scope = f"{origin}/.default"
        self._real_now = real_now
        self._token: AccessToken | None = None

    async def bearer(self) -> str:
        """Give a token that is good for another minute.

        Raises:
            RetryableError: none could be had. Nothing was sent; the message says why and names no secret.
        """
        token = self._token
        if token is None or token.expires_on - EARLY_SECONDS <= self._real_now():
            try:
                token = await self._credential.get_token(self._scope)
            except AzureError as error:
                reason = type(error).__name__
                raise RetryableError(
                    f"no sign-in token for D365: {reason}; check the app registration"
                ) from error
            self._token = token
        return token.token

    async def close(self) -> None:
        """Close the credential's own connections, where it has any."""
        close = getattr(self._credential, "close", None)
        if close is not None:
            await close()

    def forget(self) -> None:
        """Drop the token: D365 refused it."""
        self._token = None
