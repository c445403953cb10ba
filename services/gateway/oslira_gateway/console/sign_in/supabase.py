"""Supabase Auth over its REST API: /otp, /token, /logout."""

import asyncio
import time
from typing import Any, Final

import httpx
from oslira_shared.deadline import DeadlineExceeded, within

from oslira_gateway.console.session import Grant
from oslira_gateway.console.sign_in.issuer import SignInRefused

_TIMEOUT_S: Final = 10.0
# Supabase's word that a refresh token is good no longer. `validation_failed`: it is none; `invalid_grant`: older versions.
_ENDED: Final = frozenset(
    {"refresh_token_not_found", "refresh_token_already_used", "session_not_found", "session_expired", "user_not_found",
     "user_banned", "validation_failed", "invalid_grant"}
)  # fmt: skip
_MESSAGES: Final = {
    "invalid_credentials": "The e-mail address or the password is wrong.",
    "email_not_confirmed": "Confirm your e-mail address first: the link is in your mailbox.",
    "over_email_send_rate_limit": "Too many e-mails were requested. Wait a minute, and try again.",
    "over_request_rate_limit": "Too many attempts. Wait a minute, and try again.",
    "flow_state_expired": "This link is too old. Ask for a new one.",
    "flow_state_not_found": "This link was used already. Ask for a new one.",
    "bad_code_verifier": "This link was asked for in another browser. Open it there, or ask for a new one.",
    "signup_disabled": "New accounts are by invitation.",
    "user_banned": "This account is closed.",
}
_OTHERWISE: Final = "Sign-in was refused. Ask for a new link, and try again."


class SupabaseIssuer:
    """Project `url`; `key` is its publishable key."""

    def __init__(self, http: httpx.AsyncClient, url: str, key: str) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/auth/v1"
        self._headers = {"apikey": key}
        self._refreshing: dict[str, asyncio.Task[Grant]] = {}

    async def send_link(self, email: str, *, code_challenge: str, return_to: str) -> None:
        body = {
            "email": email,
            "create_user": True,
            "code_challenge": code_challenge,
            "code_challenge_method": "s256",
        }
        await self._post("/otp", body, query={"redirect_to": return_to})

    async def by_code(self, code: str, *, code_verifier: str) -> Grant:
        return await self._grant("pkce", {"auth_code": code, "code_verifier": code_verifier})

    async def by_password(self, email: str, password: str) -> Grant:
        return await self._grant("password", {"email": email, "password": password})

    async def refresh(self, refresh_token: str) -> Grant:
        """Requests of one page arrive together: they share one refresh, since the token is good once."""
        task = self._refreshing.get(refresh_token)
        if task is None:
            task = asyncio.create_task(self._grant("refresh_token", {"refresh_token": refresh_token}))
            self._refreshing[refresh_token] = task
            task.add_done_callback(lambda _: self._refreshing.pop(refresh_token, None))
        return await asyncio.shield(task)

    async def sign_out(self, access_token: str) -> None:
        headers = {"Authorization": f"Bearer {access_token}"}
        await self._post("/logout", {}, query={"scope": "local"}, headers=headers)

    async def _grant(self, grant_type: str, body: dict[str, Any]) -> Grant:
        said = (await self._post("/token", body, query={"grant_type": grant_type})).json()
        return Grant(
            access_token=said["access_token"],
            refresh_token=said["refresh_token"],
            expires_at=int(said.get("expires_at") or time.time() + said["expires_in"]),
            email=said.get("user", {}).get("email") or "",
        )

    async def _post(
        self,
        path: str,
        body: dict[str, Any],
        *,
        query: dict[str, str],
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        request = self._http.post(
            self._url + path,
            json=body,
            params=query,
            headers={**self._headers, **(headers or {})},
            timeout=_TIMEOUT_S,
        )
        try:
            answer = await within(_TIMEOUT_S, request, call="supabase")
        except DeadlineExceeded as error:
            raise httpx.ReadTimeout("the issuer is too slow") from error
        if answer.is_server_error:
            raise httpx.RemoteProtocolError("the issuer is unavailable")
        if not answer.is_success:
            code = _code(answer)
            if query.get("grant_type") == "refresh_token" and code not in _ENDED:
                # A limit, which counts our address for all users, or a wrong key: it says nothing about this session.
                raise httpx.RemoteProtocolError("the issuer refreshes no token at the moment")
            raise SignInRefused(_MESSAGES.get(code, _OTHERWISE))
        return answer


def _code(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    return str(body.get("error_code") or body.get("code") or body.get("error") or "")
