"""Posts over HTTP. A host is resolved once, each address is checked, and the checked address is connected to.

So a host that resolves differently the second time gains nothing. No redirect is followed; no proxy, cookie or credential is
used; no connection is reused; only the status and Retry-After of an answer are read.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx
from oslira_shared.deadline import within
from oslira_shared.errors import OsliraError
from oslira_shared.retry_after import read_retry_after

from oslira_gateway.webhooks.address import AddressPolicy, Destination
from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.metrics import SECONDS

_TOTAL_S: Final = 10.0
_CONNECT_S: Final = 4.0
# A name may have many addresses; only the first few are tried.
_MAX_ADDRESSES: Final = 3
_AGENT: Final = "Oslira-Webhooks/1"


class _NotConnectedError(Exception):
    """Nothing was sent."""


class Resolver(Protocol):
    """Names to addresses."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Current addresses, in the order in which to try them. Raises OSError."""
        ...


class SystemResolver:
    """The system's resolver. It blocks, so it has its own threads: slow names must not use up the shared ones."""

    def __init__(self, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(found))

    async def close(self) -> None:
        """Does not wait for running look-ups."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class HttpSender:
    """Implements Sender."""

    def __init__(
        self,
        policy: AddressPolicy,
        resolver: Resolver,
        *,
        tls: ssl.SSLContext | None = None,
        total_s: float = _TOTAL_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`tls`: root certificates other than the usual. `total_s`: limit of an attempt. `now`: for a Retry-After that is a date."""
        self._policy = policy
        self._resolver = resolver
        self._total_s = total_s
        self._now = now
        # The bare transport: a client would store cookies and send them to other hosts at that address.
        self._transport = httpx.AsyncHTTPTransport(
            verify=tls or ssl.create_default_context(),
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close open connections."""
        await self._transport.aclose()

    async def post(self, url: str, headers: dict[str, str], body: str) -> Answer:
        started = time.monotonic()
        try:
            return await within(self._total_s, self._post(url, headers, body.encode()), call="webhook")
        except TimeoutError:
            return Answer(problem=DeliveryProblem.TIMEOUT)
        finally:
            SECONDS.observe(time.monotonic() - started)

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            to = self._policy.read(url)  # again: the rules may have changed since it was added
            found = await self._resolver.resolve(to.host, to.port)
        except OsliraError:
            return Answer(problem=DeliveryProblem.ADDRESS)
        except (OSError, UnicodeError):
            return Answer(problem=DeliveryProblem.NAME)
        allowed = [address for address in found if self._policy.permits(address)]
        if found and not allowed:
            return Answer(problem=DeliveryProblem.ADDRESS)
        for address in allowed[:_MAX_ADDRESSES]:
            try:
                return await self._try(url, to, address, headers, body)
            except _NotConnectedError:
                continue
        return Answer(problem=DeliveryProblem.CONNECTION)

    async def _try(
        self, url: str, to: Destination, address: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        request = httpx.Request(
            "POST",
            httpx.URL(
                scheme=to.scheme,
                host=address.partition("%")[0],
                port=to.port,
                raw_path=to.target.encode(),
            ),
            headers={
                **headers,
                "host": urlsplit(url).netloc,
                "content-type": "application/json",
                "user-agent": _AGENT,
                "connection": "close",
            },
            content=body,
            extensions={
                "sni_hostname": to.host,  # the certificate has to be the name's, not the address's
                "timeout": httpx.Timeout(self._total_s, connect=_CONNECT_S).as_dict(),
            },
        )
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.ConnectTimeout as error:
            raise _NotConnectedError from error
        except httpx.ConnectError as error:
            if _is_tls(error):
                return Answer(problem=DeliveryProblem.TLS)
            raise _NotConnectedError from error
        except httpx.TimeoutException:
            return Answer(problem=DeliveryProblem.TIMEOUT)
        except httpx.HTTPError:
            # The server may have processed the request, so it is not sent to another address.
            return Answer(problem=DeliveryProblem.CONNECTION)
        await response.aclose()
        answered = response.headers
        retry_after_s = read_retry_after(
            answered.get("retry-after"), now=self._now(), date=answered.get("date")
        )
        return Answer.of_status(response.status_code, retry_after_s=retry_after_s)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
