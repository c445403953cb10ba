"""Cache of the issuer's keys, refreshed in the background and when a token has an unknown key id."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.jwks import PublicKey, read_key_set

_LOG = structlog.get_logger()
# Anyone can send a token with an unknown key id, so it must not cause a request to the issuer each time.
REFETCH_AFTER_S: Final = 10.0
REFRESH_EVERY_S: Final = 300.0


class JwksKeys:
    """`fetch` returns the document or raises. After a failure the last keys stay in use."""

    def __init__(
        self, fetch: Callable[[], Awaitable[bytes]], *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock_s = clock_s
        self._keys: Mapping[str, PublicKey] | None = None
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def find(self, key_id: str) -> PublicKey | None:
        """The key, fetched if unknown. Raises `unavailable` if no key set was ever fetched: the token may be valid."""
        known = self._keys or {}
        if key_id not in known:
            await self._ask(because_of=self._keys)
        if self._keys is None:
            raise OsliraError("unavailable", "The keys that tokens are checked with can't be had right now.")
        return self._keys.get(key_id)

    async def refresh(self) -> None:
        """Fetch now, so that a key that the issuer removed is no longer accepted."""
        async with self._asking:
            await self._load()

    async def state(self) -> str:
        """For /health/ready."""
        return "ok" if self._keys is not None else "its issuer has never answered"

    async def _ask(self, *, because_of: Mapping[str, PublicKey] | None) -> None:
        async with self._asking:
            if self._keys is not because_of:
                return  # another task has fetched while this one waited
            if self._asked_at is not None and self._clock_s() - self._asked_at < REFETCH_AFTER_S:
                return
            await self._load()

    async def _load(self) -> None:
        self._asked_at = self._clock_s()
        try:
            self._keys = read_key_set(await self._fetch())
        except Exception as error:  # noqa: BLE001  # whatever it is, the last keys serve
            _LOG.warning("jwks_not_fetched", reason=f"{type(error).__name__}: {error}"[:200])
