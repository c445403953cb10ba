"""The API on the wire, for tests: raw answers, and each request sent once."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from oslira_client.errors import problem_of
from oslira_client.oslira import Oslira


class Client(Oslira):
    """In addition to the typed methods, some that return plain JSON. All raise ApiError for an answer that isn't 2xx."""

    async def analyze(
        self, username: str, *, business_profile_id: UUID | str, kind: str = "light", **more: Any
    ) -> tuple[bool, dict[str, Any]]:
        """(whether it is new, the answer)."""
        terms = {"type": kind, "business_profile_id": str(business_profile_id), **more}
        answer = await self.http.post("/v1/analyses", json={"username": username, **terms})
        if not answer.is_success:
            raise problem_of(answer)
        return answer.status_code == 202, answer.json()

    async def run(self, run_id: UUID | str) -> dict[str, Any]:
        """The run as it is now."""
        return await self._json("GET", f"/v1/runs/{run_id}")

    async def cancel(self, run_id: UUID | str) -> dict[str, Any]:
        """{run_id, status, settlement, credits}. ApiError `run_finished` holds the receipt in its body."""
        return await self._json("POST", f"/v1/runs/{run_id}/cancel")

    async def receipt(self, run_id: UUID | str) -> dict[str, Any]:
        """The run's receipt."""
        return await self._json("GET", f"/v1/runs/{run_id}/receipt")

    async def make_bulk(
        self, usernames: list[str], *, business_profile_id: UUID | str, kind: str = "light", **terms: Any
    ) -> dict[str, Any]:
        """Terms: max_age, max_credits, stop_after_leads and stop_score."""
        terms = {"type": kind, "business_profile_id": str(business_profile_id), **terms}
        return await self._json("POST", "/v1/analyses/bulk", json={"usernames": usernames, **terms})

    async def bulk_csv(
        self,
        csv: bytes,
        *,
        business_profile_id: UUID | str,
        kind: str = "light",
        quote: bool = False,
        **terms: Any,
    ) -> dict[str, Any]:
        """The same from a file's content; with `quote` it only returns what it would do and cost."""
        terms = {"type": kind, "business_profile_id": str(business_profile_id), **terms}
        path = "/v1/analyses/quote" if quote else "/v1/analyses/bulk"
        return await self._json("POST", path, content=csv, params=terms, headers={"content-type": "text/csv"})

    async def read_bulk(self, bulk_id: UUID | str) -> dict[str, Any]:
        """The bulk as it is now."""
        return await self._json("GET", f"/v1/bulk/{bulk_id}")

    async def bulk_items(self, bulk_id: UUID | str) -> list[dict[str, Any]]:
        """All its items, by line."""
        page = await self._json("GET", f"/v1/bulk/{bulk_id}/items", params={"limit": 1000})
        items: list[dict[str, Any]] = page["items"]
        return items

    async def cancel_bulk(self, bulk_id: UUID | str) -> dict[str, Any]:
        """The bulk afterwards. ApiError `bulk_finished` when it had completed."""
        return await self._json("POST", f"/v1/bulk/{bulk_id}/cancel")

    async def balance(self) -> dict[str, Any]:
        """{available, held, grants}."""
        return await self._json("GET", "/v1/credits/balance")

    async def follow(self, run_id: UUID | str) -> AsyncIterator[dict[str, Any]]:
        """Snapshots of a run until its end, over as many connections as it takes."""
        async for event in self.analyses.follow_run(run_id):
            yield event.data.model_dump(mode="json")

    async def _json(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        answer = await self.http.request(method, path, **content)
        if not answer.is_success:
            raise problem_of(answer)
        return answer.json()
