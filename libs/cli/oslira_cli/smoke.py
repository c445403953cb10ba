"""The smallest check of a deployment: it is ready, and one light analysis completes and is settled."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final, TypeVar
from uuid import UUID

import httpx
from oslira_client import ENDED, ApiError, Oslira
from oslira_client.generated.analyses import AnalysisBody
from oslira_client.generated.business import BusinessContext, IdealCustomer
from oslira_client.generated.shared import AcceptedRun, DraftResult

from oslira_cli.work import settled

StepT = TypeVar("StepT")
_BUSINESS: Final = BusinessContext(
    name="Oslira smoke test",
    industry="Software",
    offer="A check after each roll-out that an analysis goes through",
    ideal_customer=IdealCustomer(description="Any public profile"),
    tone="plain",
)


# Younger ones may be in use by another smoke test.
_LEFT_AFTER: Final = timedelta(minutes=10)


class Failed(Exception):  # noqa: N818
    """A failed step; the message says what was returned instead."""


@dataclass(slots=True)
class Smoke:
    """`report` gets one line a step as it ends."""

    url: str
    token: str
    username: str
    report: Callable[[str], None]
    # Where it is.
    step: str = ""

    async def run(self) -> None:
        """Raises Failed at the first step that fails; httpx's own errors and ApiError are reported the same way."""
        async with Oslira(self.url, self.token) as oslira:
            await self._step("live", self._health(oslira, "live"))
            await self._step("ready", self._health(oslira, "ready"))
            business_profile_id = await self._step("business profile", self._business(oslira))
            accepted = await self._step("accepted", self._accept(oslira, business_profile_id))
            await self._step("followed", self._follow(oslira, accepted))
            await self._step("settled", self._settle(oslira, accepted.run_id))
            await self._step("cleaned up", self._remove_business(oslira, business_profile_id))

    async def _step(self, name: str, work: Awaitable[tuple[StepT, str]]) -> StepT:
        started, self.step = time.monotonic(), name
        try:
            result, detail = await work
        except (Failed, ApiError, httpx.HTTPError) as error:
            self.report(f"FAILED  {name}: {error or type(error).__name__}")
            raise Failed(f"{name}: {error or type(error).__name__}") from error
        self.report(f"ok      {name:<18}{(time.monotonic() - started) * 1000:>8.0f} ms  {detail}")
        return result

    async def _health(self, oslira: Oslira, kind: str) -> tuple[None, str]:
        answer = await oslira.http.get(f"/health/{kind}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return (
                None,
                "not shown to the world here",
            )  # an Ingress with only /v1; the next steps check more anyway
        if not answer.is_success:
            raise Failed(f"/health/{kind} answered {answer.status_code}: {answer.text[:200]}")
        body = answer.json()
        wanting = {name: state for name, state in body.get("checks", {}).items() if state != "ok"}
        return None, f"{body['status']} {wanting or ''}".strip()

    async def _business(self, oslira: Oslira) -> tuple[UUID, str]:
        """A new one: for an earlier one the analysis of before would be the answer. Those that a crash left are removed."""
        left = [
            one.business_profile_id
            async for one in oslira.business.list_business_profiles(limit=100)
            if one.name == _BUSINESS.name and one.created_at < datetime.now(UTC) - _LEFT_AFTER
        ]
        for business_profile_id in left:
            await oslira.business.delete_business_profile(business_profile_id)
        profile = await oslira.business.create_business_profile(_BUSINESS)
        return profile.business_profile_id, "made"

    async def _remove_business(self, oslira: Oslira, business_profile_id: UUID) -> tuple[None, str]:
        await oslira.business.delete_business_profile(business_profile_id)
        return None, "business profile removed"

    async def _accept(self, oslira: Oslira, business_profile_id: UUID) -> tuple[AcceptedRun, str]:
        order = AnalysisBody(
            username=self.username, type="light", business_profile_id=business_profile_id, max_age=0
        )
        accepted = await oslira.analyses.create_analysis(order)
        if not isinstance(accepted, AcceptedRun):
            raise Failed(f"run {accepted.run_id} of before was returned: nothing was done")
        return accepted, f"run {accepted.run_id}"

    async def _follow(self, oslira: Oslira, accepted: AcceptedRun) -> tuple[None, str]:
        seen: list[str] = [accepted.status]
        if accepted.status not in ENDED:
            async for event in oslira.analyses.follow_run(accepted.run_id):
                if event.data.status != seen[-1]:
                    seen.append(event.data.status)
        if seen[-1] != "completed":
            run = await oslira.analyses.get_run(accepted.run_id)
            raise Failed(f"{' > '.join(seen)}: {run.error}")
        return None, " > ".join(seen)

    async def _settle(self, oslira: Oslira, run_id: UUID) -> tuple[None, str]:
        run = await settled(oslira, run_id)
        if run.credits.held:
            raise Failed(f"the hold of {run.credits.held} is still open")
        score = None if run.result is None or isinstance(run.result, DraftResult) else run.result.score
        return None, f"charged {run.credits.charged}, released {run.credits.released}, score {score}"
