"""Accept an analysis without an account: after a challenge, within the daily limits of the network and of all callers."""

from dataclasses import dataclass
from typing import Final

from oslira_shared.errors import OsliraError

from oslira_gateway.anonymous.anonymous_caller import ANONYMOUS_FOLLOWER
from oslira_gateway.anonymous.ports import AnonymousAllowance, Challenge, Use
from oslira_gateway.http.client_address import Network
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.request_analysis import Answer, Request, RequestAnalysis

# The system account has no credits left, or has reached its cost limit of today.
_USED_UP: Final = frozenset({"insufficient_credits", "cost_limit_reached"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One order of an anonymous caller; `challenge` is the response of the challenge."""

    order: Order
    network: Network
    challenge: str | None
    request_id: str


class RequestAnonymous:
    """`most_a_day` is per network. The challenge is checked first: a request that fails it is not counted and writes no row."""

    def __init__(
        self,
        request_analysis: RequestAnalysis[Order],
        allowance: AnonymousAllowance,
        challenge: Challenge,
        *,
        most_a_day: int,
    ) -> None:
        self._request_analysis = request_analysis
        self._allowance = allowance
        self._challenge = challenge
        self._most_a_day = most_a_day

    async def __call__(self, visit: Visit) -> Answer:
        """Raises OsliraError: challenge_failed, anonymous_limit_reached, anonymous_used_up, unavailable."""
        await self._challenge.check(visit.challenge)
        use = await self._allowance.take(visit.network, most=self._most_a_day)
        if not use.is_granted:
            raise _limit_reached(use, self._most_a_day)
        try:
            return await self._request_analysis(
                Request(ANONYMOUS_FOLLOWER, visit.order, None, visit.request_id)
            )
        except OsliraError as error:
            await self._allowance.release(visit.network)
            if error.code in _USED_UP:
                raise _used_up(use) from error
            raise


def _limit_reached(use: Use, most_a_day: int) -> OsliraError:
    return OsliraError(
        "anonymous_limit_reached",
        f"Without an account there are {most_a_day} analyses a day. Sign up for more, or come back tomorrow.",
        limit=most_a_day,
        retry_after_s=use.day_left_s,
    )


def _used_up(use: Use) -> OsliraError:
    return OsliraError(
        "anonymous_used_up",
        "Today's free analyses are used up. Sign up for your own, or come back tomorrow.",
        retry_after_s=use.day_left_s,
    )
