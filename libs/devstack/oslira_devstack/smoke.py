"""The smallest proof that a deployment works: it is ready, and one light analysis goes through it and is settled."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

import httpx

from oslira_devstack.client import ENDED, ApiError, Client
from oslira_devstack.commands.analyze import settled

StepT = TypeVar("StepT")
_BUSINESS: Final[dict[str, Any]] = {
    "name": "Oslira smoke test",
    "industry": "Software",
    "offer": "A check after each roll-out that an analysis goes through",
    "ideal_customer": {"description": "Any public profile", "signals": [], "exclusions": []},
    "tone": "plain",
}


class Failed(Exception):  # noqa: N818
    """A step that isn't as it should be; the message says what was there instead."""


@dataclass(slots=True)
class Smoke:
    """`report` gets one line a step as it ends."""

    url: str
    token: str
    username: str
    report: Callable[[str], None]

    async def run(self) -> None:
        """Raises Failed at the first step that fails; httpx's own errors and ApiError are told the same way."""
        async with Client(self.url, self.token) as client:
            await self._step("live", self._health(client, "live"))
            await self._step("ready", self._health(client, "ready"))
            business_profile_id = await self._step("business profile", self._business(client))
            accepted = await self._step("accepted", self._accept(client, business_profile_id))
            await self._step("followed", self._follow(client, accepted))
            await self._step("settled", self._settle(client, accepted["run_id"]))

    async def _step(self, name: str, work: Awaitable[tuple[StepT, str]]) -> StepT:
        started = time.monotonic()
        try:
            result, detail = await work
        except (Failed, ApiError, httpx.HTTPError) as error:
            self.report(f"FAILED  {name}: {error or type(error).__name__}")
            raise Failed(f"{name}: {error or type(error).__name__}") from error
        self.report(f"ok      {name:<18}{(time.monotonic() - started) * 1000:>8.0f} ms  {detail}")
        return result

    async def _health(self, client: Client, kind: str) -> tuple[None, str]:
        answer = await client.http.get(f"/health/{kind}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return (
                None,
                "not shown to the world here",
            )  # an Ingress with /v1 alone; what follows says more anyway
        if not answer.is_success:
            raise Failed(f"/health/{kind} answered {answer.status_code}: {answer.text[:200]}")
        body = answer.json()
        wanting = {name: state for name, state in body.get("checks", {}).items() if state != "ok"}
        return None, f"{body['status']} {wanting or ''}".strip()

    async def _business(self, client: Client) -> tuple[str, str]:
        answer = await client.http.get("/v1/business-profiles", params={"limit": 1})
        if not answer.is_success:
            raise Failed(f"the token was answered {answer.status_code}: {answer.text[:200]}")
        found = answer.json()["items"]
        profile = found[0] if found else await client.add_business_profile(_BUSINESS)
        return profile["business_profile_id"], "found" if found else "made"

    async def _accept(self, client: Client, business_profile_id: str) -> tuple[dict[str, Any], str]:
        is_new, accepted = await client.analyze(self.username, business_profile_id=business_profile_id)
        return accepted, f"run {accepted['run_id']} {'' if is_new else '(of before: still fresh)'}".strip()

    async def _follow(self, client: Client, accepted: dict[str, Any]) -> tuple[None, str]:
        seen = [accepted["status"]]
        if accepted["status"] not in ENDED:
            async for snapshot in client.follow(accepted["run_id"], accepted["events_url"]):
                if snapshot["status"] != seen[-1]:
                    seen.append(snapshot["status"])
        if seen[-1] != "completed":
            run = await client.run(accepted["run_id"])
            raise Failed(f"{' > '.join(seen)}: {run.get('error')}")
        return None, " > ".join(seen)

    async def _settle(self, client: Client, run_id: str) -> tuple[None, str]:
        run = await settled(client, run_id)
        paid = run["credits"]
        if paid["held"]:
            raise Failed(f"the hold of {paid['held']} is still open")
        return (
            None,
            f"charged {paid['charged']}, released {paid['released']}, score {run['result'].get('score')}",
        )
