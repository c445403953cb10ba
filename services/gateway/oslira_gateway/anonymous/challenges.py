"""Challenges: Cloudflare Turnstile, and none for development."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

import structlog
from oslira_shared.deadline import within
from oslira_shared.errors import OsliraError

if TYPE_CHECKING:
    import httpx

# Turnstile's own bound on a response.
MAX_RESPONSE_LENGTH: Final = 2_048
_TIMEOUT_S: Final = 5.0
_LOG = structlog.get_logger()
# Errors of the caller's response. All others are configuration errors or errors of Turnstile.
_VISITORS: Final = frozenset({"missing-input-response", "invalid-input-response", "timeout-or-duplicate"})


class NoChallenge:
    """Accepts all callers. Settings allow it in development only."""

    async def check(self, response: str | None) -> None:
        """Accept any response."""

    async def close(self) -> None:
        """Nothing to close."""


class Turnstile:
    """Calls siteverify. While it fails, all callers are rejected. The caller's address is not sent."""

    def __init__(self, secret: str, *, url: str, hostnames: Collection[str] = ()) -> None:
        """`hostnames`: of the pages that show it; a response from another one is refused. Empty: from any."""
        self._secret = secret
        self._url = url
        self._hostnames = hostnames
        self._http: httpx.AsyncClient | None = None

    async def check(self, response: str | None) -> None:
        if not response or len(response) > MAX_RESPONSE_LENGTH:
            raise _failed()
        verdict = await self._ask(response)
        if verdict.get("success") is True:
            if self._hostnames and verdict.get("hostname") not in self._hostnames:
                # Solved on another site's page.
                _LOG.warning("challenge_from_elsewhere", hostname=str(verdict.get("hostname"))[:100])
                raise _failed()
            return
        codes = verdict.get("error-codes")
        problems = {str(code) for code in codes} if isinstance(codes, list) else set[str]()
        if problems and problems <= _VISITORS:
            raise _failed()
        _LOG.error("challenge_not_answered", problems=sorted(problems)[:5])
        raise _unavailable()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def _ask(self, response: str) -> dict[str, Any]:
        http = await self._connected()
        try:
            asking = http.post(self._url, json={"secret": self._secret, "response": response})
            answer = await within(_TIMEOUT_S, asking, call="challenge")
            verdict: object = answer.json()
        except (TimeoutError, ValueError, OSError, *_transport_errors()) as error:
            _LOG.warning("challenge_not_reached", reason=type(error).__name__)
            raise _unavailable() from None  # the error's request would hold the secret
        return verdict if isinstance(verdict, dict) else {}

    async def _connected(self) -> "httpx.AsyncClient":
        if self._http is None:
            import httpx  # noqa: PLC0415  # not needed to be ready

            self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False)
        return self._http


def _transport_errors() -> tuple[type[Exception], ...]:
    import httpx  # noqa: PLC0415

    return (httpx.HTTPError,)


def _failed() -> OsliraError:
    return OsliraError("challenge_failed", "The check that you are a person failed; solve it again.")


def _unavailable() -> OsliraError:
    return OsliraError("unavailable", "The check that you are a person can't be done now; try again later.")
