"""Requests to `/v1/admin` on the gateway's internal port."""

from typing import Any, Final

import httpx
from oslira_client.errors import problem_of

from oslira_cli.deployment import Login

_TIMEOUT_S: Final = 30.0


async def ask_admin(
    login: Login, method: str, path: str, body: dict[str, Any] | None = None, **query: Any
) -> dict[str, Any]:
    """The answer. Raises ApiError for a problem, httpx.HTTPError when there is none."""
    headers = {"Authorization": f"Bearer {login.token}"}
    params = {name: value for name, value in query.items() if value is not None}
    async with httpx.AsyncClient(base_url=login.url, timeout=_TIMEOUT_S, trust_env=False) as client:
        answer = await client.request(method, f"/v1/admin{path}", json=body, params=params, headers=headers)
    if not answer.is_success:
        raise problem_of(answer)
    return answer.json()
