"""Who users are, remembered for a short time: every page shows it."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from oslira_client import Oslira
from oslira_client.generated.identity import Me

from oslira_gateway.console.session import Session

_FRESH_S: Final = 30.0
_MOST: Final = 5_000


class People:
    """By access token, which is kept as a hash. What is remembered decides what is shown; the API decides what is allowed."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Me]] = OrderedDict()

    async def me(self, session: Session, api: Oslira, *, is_fresh: bool = False) -> Me:
        """Raises ApiError as the API does."""
        if not is_fresh and (known := self.remembered(session)) is not None:
            return known
        me = await api.identity.get_me()
        key = _key(session)
        self._known[key] = self._clock(), me
        self._known.move_to_end(key)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return me

    def remembered(self, session: Session) -> Me | None:
        """Without asking; None if nothing is known."""
        known = self._known.get(_key(session))
        return known[1] if known is not None and self._clock() - known[0] < _FRESH_S else None


def _key(session: Session) -> bytes:
    return hashlib.sha256(session.access_token.encode()).digest()
