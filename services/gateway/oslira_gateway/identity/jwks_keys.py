"""The issuer's keys, kept: asked for again in the background and when a token names one that isn't known."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.jwks import PublicKey, read_key_set

_LOG = structlog.get_logger()
# An unknown key id is whatever somebody wrote into a token: it may not make us ask the issuer each time.
REFETCH_AFTER_S: Final = 10.0
REFRESH_EVERY_S: Final = 300.0


class JwksKeys:
    """`fetch` gets the document, or raises. A failed one changes nothing: the last keys go on serving."""

    def __init__(
        self, fetch: Callable[[], Awaitable[bytes]], *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock_s = clock_s
        self._keys: Mapping[str, PublicKey] | None = None
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def find(self, key_id: str) -> PublicKey | None:
        """The key, asked for if need be. Raises `unavailable` while the issuer has never answered: the token may be good."""
        known = self._keys or {}
        if key_id not in known:
            await self._ask(because_of=self._keys)
        if self._keys is None:
            raise OsliraError("unavailable", "The keys that tokens are checked with can't be had right now.")
        return self._keys.get(key_id)

    async def refresh(self) -> None:
        """Ask now: a key that the issuer withdrew is good no longer."""
        async with self._asking:
            await self._load()

    async def state(self) -> str:
        """For /health/ready."""
        return "ok" if self._keys is not None else "its issuer has never answered"

    async def _ask(self, *, because_of: Mapping[str, PublicKey] | None) -> None:
        async with self._asking:
            if self._keys is not because_of:
                return  # somebody asked while this one waited
            if self._asked_at is not None and self._clock_s() - self._asked_at < REFETCH_AFTER_S:
                return
            await self._load()

    async def _load(self) -> None:
        self._asked_at = self._clock_s()
        try:
            self._keys = read_key_set(await self._fetch())
        except Exception as error:  # noqa: BLE001  # whatever it is, the last keys serve
            _LOG.warning("jwks_not_fetched", reason=f"{type(error).__name__}: {error}"[:200])
