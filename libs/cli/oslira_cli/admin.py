"""Requests to `/v1/admin` on the gateway's internal port."""

from typing import Any, Final, Self

import httpx
from oslira_client.errors import problem_of

from oslira_cli.deployment import Login

_TIMEOUT_S: Final = 30.0


class Admin:
    """One operator's requests, over connections that are kept."""

    def __init__(self, login: Login, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{login.url}/v1/admin",
            headers={"Authorization": f"Bearer {login.token}"},
            timeout=timeout_s,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any
    ) -> dict[str, Any]:
        """The answer. Raises ApiError for a problem, httpx.HTTPError when there is none."""
        params = {name: value for name, value in query.items() if value is not None}
        answer = await self._http.request(method, path, json=body, params=params)
        if not answer.is_success:
            raise problem_of(answer)
        return answer.json()


async def ask_admin(
    login: Login,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    timeout_s: float = _TIMEOUT_S,
    **query: Any,
) -> dict[str, Any]:
    """A single request; see Admin.ask."""
    async with Admin(login, timeout_s=timeout_s) as admin:
        return await admin.ask(method, path, body, **query)
