"""The keys that Entra ID signs its tokens with: read from the tenant's own address, kept for a while, followed when they turn.

An unknown key is looked for once, then not again for some minutes, so that forged names cause no storm of questions.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from shared.errors import RetryableError

READ_AGAIN_SECONDS = 3600  # old enough to look whether keys have turned
TRUSTED_SECONDS = 24 * 3600  # as long as their address does not answer
REST_SECONDS, REST_AFTER_FAILURE_SECONDS = 300, 15
KEYS_BYTES_MAX, KEYS_MAX, KEY_BITS_MIN = 256 * 1024, 100, 2048
TIMEOUT = httpx.Timeout(5.0)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
Fetch = Callable[[], Awaitable[bytes]]


class TokenKeys:
    """The signing keys of one tenant by name."""

    def __init__(
        self, fetch: Fetch, now: Callable[[], datetime], patience: Callable[[float], timedelta]
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._patience = patience
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._read_at = self._rests_until = _NEVER
        self._one_at_a_time = asyncio.Lock()

    async def key_of(self, key_id: str) -> RSAPublicKey | None:
        """Give a key by its name; None when the tenant has none of that name.

        Raises:
            RetryableError: there are no keys to trust, and their address does not answer.
        """
        if self._wants(key_id) and not (self._one_at_a_time.locked() and key_id in self._trusted()):
            async with self._one_at_a_time:
                if self._wants(key_id):  # nobody has read them while this call waited
                    await self._read()
        if not self._trusted():
            raise RetryableError("the keys that sign tokens cannot be read now")
        return self._trusted().get(key_id)

    def _wants(self, key_id: str) -> bool:
        is_old = self._now() - self._read_at > self._patience(READ_AGAIN_SECONDS)
        return (is_old or key_id not in self._keys) and self._now() >= self._rests_until

    def _trusted(self) -> Mapping[str, RSAPublicKey]:
        is_too_old = self._now() - self._read_at > self._patience(TRUSTED_SECONDS)
        return {} if is_too_old else self._keys

    async def _read(self) -> None:
        try:
            keys = keys_in(await self._fetch())
        except RetryableError:
            self._rests_until = self._now() + self._patience(REST_AFTER_FAILURE_SECONDS)
            return
        self._keys, self._read_at = keys, self._now()
        self._rests_until = self._now() + self._patience(REST_SECONDS)


def open_token_keys(
    http: httpx.AsyncClient,
    address: str,
    now: Callable[[], datetime],
    patience: Callable[[float], timedelta],
) -> TokenKeys:
    """Read the keys from one address over a client that follows no redirect."""

    async def fetch() -> bytes:
        return await fetch_keys(http, address)

    return TokenKeys(fetch, now, patience)


async def fetch_keys(http: httpx.AsyncClient, address: str) -> bytes:
    """Read the document of keys, no more of it than it may have.

    Raises:
        RetryableError: it did not come, or is too large.
    """
    body = b""
    try:
        async with http.stream("GET", address, headers={"Accept-Encoding": "identity"}) as response:
            if response.status_code != httpx.codes.OK or "content-encoding" in response.headers:
                raise RetryableError(f"the address of the signing keys answered {response.status_code}")
            async for part in response.aiter_bytes():
                body += part
                if len(body) > KEYS_BYTES_MAX:
                    raise RetryableError("the document of the signing keys is too large")
    except httpx.HTTPError as error:
        raise RetryableError("the address of the signing keys did not answer") from error
    return body


def keys_in(document: bytes) -> dict[str, RSAPublicKey]:
    """Read the signing keys of a document, passing over what is none.

    Raises:
        RetryableError: there is none in it; those known stay in force.
    """
    try:
        listed = json.loads(document)["keys"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise RetryableError("the document of the signing keys cannot be read") from error
    rows = listed[:KEYS_MAX] if isinstance(listed, list) else []
    found = {str(row["kid"]): key for row in rows if (key := _key_in(row)) is not None}
    if not found:
        raise RetryableError("the document of the signing keys has none")
    return found


def _key_in(row: object) -> RSAPublicKey | None:
    if not isinstance(row, dict) or row.get("kty") != "RSA" or row.get("use", "sig") != "sig":
        return None
    parts = {name: row.get(name) for name in ("kid", "n", "e")}
    if not all(isinstance(one, str) and one for one in parts.values()):
        return None
    try:
        key = RSAAlgorithm.from_jwk({"kty": "RSA", "n": parts["n"], "e": parts["e"]})
    except (jwt.PyJWTError, ValueError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= KEY_BITS_MIN else None
