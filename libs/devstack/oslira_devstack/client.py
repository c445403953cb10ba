"""A thin typed client of the gateway's HTTP API, for the commands and the end-to-end tests."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final, Self
from uuid import UUID

import httpx

ENDED: Final = frozenset({"completed", "failed", "cancelled"})


class ApiError(Exception):
    """A problem answer: `status`, the stable `code`, and the whole `body`."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", "unknown"))
        self.body = body
        super().__init__(f"{status} {self.code}: {body.get('detail') or body.get('title') or ''}")


class Client:
    """One user's view. Every method raises ApiError for an answer that isn't 2xx, httpx.HTTPError when none comes."""

    def __init__(self, base_url: str, token: str, *, timeout_s: float = 30.0) -> None:
        self.http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_s,
            trust_env=False,
            limits=httpx.Limits(max_connections=400),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def analyze(
        self, username: str, *, business_profile_id: UUID | str, kind: str = "light", **more: Any
    ) -> tuple[bool, dict[str, Any]]:
        """(whether it is new, the answer)."""
        body = {
            "username": username,
            "type": kind,
            "business_profile_id": str(business_profile_id),
            **more,
        }
        answer = await self.http.post("/v1/analyses", json=body)
        return answer.status_code == 202, _checked(answer)

    async def run(self, run_id: UUID | str) -> dict[str, Any]:
        """The run as it is now."""
        return _checked(await self.http.get(f"/v1/runs/{run_id}"))

    async def cancel(self, run_id: UUID | str) -> dict[str, Any]:
        """{run_id, status, settlement, credits}. ApiError `run_finished` holds the receipt in its body."""
        return _checked(await self.http.post(f"/v1/runs/{run_id}/cancel"))

    async def receipt(self, run_id: UUID | str) -> dict[str, Any]:
        """What the run did and took."""
        return _checked(await self.http.get(f"/v1/runs/{run_id}/receipt"))

    async def bulk(
        self, usernames: list[str], *, business_profile_id: UUID | str, kind: str = "light", **terms: Any
    ) -> dict[str, Any]:
        """Terms: max_age, max_credits, stop_after_leads and stop_score."""
        body = {
            "usernames": usernames,
            "type": kind,
            "business_profile_id": str(business_profile_id),
            **terms,
        }
        return _checked(await self.http.post("/v1/analyses/bulk", json=body))

    async def bulk_csv(
        self,
        csv: bytes,
        *,
        business_profile_id: UUID | str,
        kind: str = "light",
        quote: bool = False,
        **terms: Any,
    ) -> dict[str, Any]:
        """The same from a file's content; with `quote` it only says what it would do and cost."""
        terms = {"type": kind, "business_profile_id": str(business_profile_id), **terms}
        path = "/v1/analyses/quote" if quote else "/v1/analyses/bulk"
        return _checked(
            await self.http.post(path, content=csv, params=terms, headers={"content-type": "text/csv"})
        )

    async def read_bulk(self, bulk_id: UUID | str) -> dict[str, Any]:
        """The bulk as it is now."""
        return _checked(await self.http.get(f"/v1/bulk/{bulk_id}"))

    async def bulk_items(self, bulk_id: UUID | str) -> list[dict[str, Any]]:
        """All its items, by line."""
        answer = _checked(await self.http.get(f"/v1/bulk/{bulk_id}/items", params={"limit": 1000}))
        items: list[dict[str, Any]] = answer["items"]
        return items

    async def cancel_bulk(self, bulk_id: UUID | str) -> dict[str, Any]:
        """The bulk afterwards. ApiError `bulk_finished` when it had completed."""
        return _checked(await self.http.post(f"/v1/bulk/{bulk_id}/cancel"))

    async def balance(self) -> dict[str, Any]:
        """{available, held, grants}."""
        return _checked(await self.http.get("/v1/credits/balance"))

    async def add_business_profile(self, context: dict[str, Any]) -> dict[str, Any]:
        """The new profile, with its `business_profile_id`."""
        return _checked(await self.http.post("/v1/business-profiles", json=context))

    async def follow(self, run_id: UUID | str, events_url: str) -> AsyncIterator[dict[str, Any]]:
        """Snapshots of a run until its end, over as many connections as it takes."""
        last_id, seen_end = "", False
        while not seen_end:
            try:
                async for event_id, snapshot in self._events(events_url, last_id):
                    last_id, seen_end = event_id, snapshot["status"] in ENDED
                    yield snapshot
            except httpx.HTTPError:
                pass
            if not seen_end:
                run = await self._patiently(run_id)
                if run is not None:
                    seen_end, events_url = run["status"] in ENDED, run.get("events_url") or events_url
                    yield run

    async def _events(self, url: str, last_id: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with self.http.stream("GET", url, headers=headers, timeout=60) as answer:
            answer.raise_for_status()
            event_id = last_id
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    event_id = value
                elif name == "data":
                    yield event_id, json.loads(value)

    async def _patiently(self, run_id: UUID | str) -> dict[str, Any] | None:
        try:
            return await self.run(run_id)
        except (httpx.HTTPError, ApiError):
            return None


def _checked(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = {"detail": answer.text[:200]}
    if not answer.is_success:
        raise ApiError(answer.status_code, body)
    return body
