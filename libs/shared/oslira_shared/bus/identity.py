"""Checks which identity our credential has. Each identity may subscribe only to its own inbox, so the server's answer shows it."""

import asyncio
import json
from typing import Any, Final

from nats.aio.client import Client
from nats.errors import Error as NatsError

from oslira_shared.bus.permissions import USER_INFO, inbox_of

_ANSWER_S: Final = 2.0
_REFUSED_INBOX: Final = 'permissions violation for subscription to "_inbox_'
_REFUSED_LOGIN: Final = "authorization violation"


class NotOurCredential(Exception):  # noqa: N818
    """The bus knows us as another identity, as one without limits, or not at all. Waiting does not help."""


def is_login_rejected(error: BaseException) -> bool:
    """Whether the server rejected this seed or password."""
    return _REFUSED_LOGIN in str(error).lower()


class IdentityCheck:
    """Pass the client's errors to it; then call `run`."""

    def __init__(self, user: str, *, must_be_limited: bool) -> None:
        self._user, self._must_be_limited = user, must_be_limited
        self._refused = asyncio.Event()

    def hear(self, error: Exception) -> None:
        """The client's error callback: the only place that reports a rejected subscription."""
        if _REFUSED_INBOX in str(error).lower():
            self._refused.set()

    async def run(self, client: Client, *, needs_tls: bool = False) -> None:
        """Raises NotOurCredential. A server that doesn't answer in time proves nothing and is accepted: it enforces its own rules."""
        if needs_tls and not client._server_info.get("tls_required"):  # noqa: SLF001
            raise NotOurCredential("the bus URL is tls://, and the server offers no TLS")
        asking = asyncio.create_task(client.request(USER_INFO, b"", timeout=_ANSWER_S))
        refused = asyncio.create_task(self._refused.wait())
        try:
            await asyncio.wait({asking, refused}, return_when=asyncio.FIRST_COMPLETED)
            if self._refused.is_set():
                raise NotOurCredential(f"the bus credential is not {self._user}'s")
            answer = await asking
        except (NatsError, TimeoutError):
            return
        finally:
            refused.cancel()
            asking.cancel()
            await asyncio.gather(asking, refused, return_exceptions=True)
        self._judge(json.loads(answer.data).get("data", {}))

    def _judge(self, info: dict[str, Any]) -> None:
        permissions = info.get("permissions")
        if permissions is None:
            if self._must_be_limited:
                raise NotOurCredential(
                    "the bus credential has no limits: the server needs `oslira nats-config`"
                )
            return
        if f"{inbox_of(self._user)}.>" not in (permissions.get("subscribe") or {}).get("allow", []):
            raise NotOurCredential(f"the bus credential is not {self._user}'s")
