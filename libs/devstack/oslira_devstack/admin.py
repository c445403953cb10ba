"""A thin client of the gateway's internal port, for operators' commands: what it does there stands on record."""

from typing import Any

import httpx
from oslira_client import ApiError
from oslira_shared.errors import OsliraError

from oslira_devstack.access import Access

_TIMEOUT_S = 30.0


async def ask_admin(
    access: Access, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The answer of /v1/admin. Raises ApiError for a problem, OsliraError `unavailable` when nobody is there."""
    from oslira_gateway.operations.operator import sign_operator_token  # noqa: PLC0415

    token = sign_operator_token(access.credentials.operator_secret, name="oslira-command")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx.AsyncClient(
            base_url=access.admin_url, timeout=_TIMEOUT_S, trust_env=False
        ) as client:
            answer = await client.request(method, f"/v1/admin{path}", json=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OsliraError(
            "unavailable", f"the gateway's internal port can't be reached: {type(error).__name__}"
        ) from error
    if not answer.is_success:
        raise ApiError(answer.status_code, answer.json())
    return answer.json()
