"""Supabase Auth as its OpenAPI has it, for one user: /otp, /token (pkce, password, refresh_token), /logout."""

import asyncio
import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

URL: Final = "https://project.supabase.example"
KEY: Final = "sb_publishable_example"
PASSWORD: Final = "right"


@dataclass
class SupabaseStandIn(httpx.AsyncBaseTransport):
    """Requests to another host go to `api`. `mailed` are the addresses that links lead to, with their codes."""

    api: httpx.AsyncBaseTransport
    mailed: list[str] = field(default_factory=list[str])
    challenges: dict[str, str] = field(default_factory=dict[str, str])
    refresh_tokens: set[str] = field(default_factory=set[str])
    refreshes: int = 0
    signed_out: int = 0
    is_away: bool = False
    is_limited: bool = False
    refuses_with: str = ""
    hangs_s: float = 0.0
    life_s: int = 3_600

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not str(request.url).startswith(URL):
            return await self.api.handle_async_request(request)
        await asyncio.sleep(self.hangs_s)
        if self.is_limited:
            body = {"code": 429, "error_code": "over_request_rate_limit", "msg": "Too many requests."}
            return httpx.Response(429, json=body)
        if self.is_away:
            raise httpx.ConnectError("away", request=request)
        assert request.headers["apikey"] == KEY
        body = json.loads(await request.aread())
        match request.url.path.removeprefix("/auth/v1"):
            case "/otp":
                code = f"code-{len(self.challenges)}"
                assert (body["code_challenge_method"], body["create_user"]) == ("s256", True)
                self.challenges[code] = body["code_challenge"]
                self.mailed.append(f"{request.url.params['redirect_to']}&code={code}")
                return httpx.Response(200, json={})
            case "/token":
                return self._token(request.url.params["grant_type"], body)
            case "/logout":
                self.signed_out += 1
                return httpx.Response(204)
            case other:
                raise AssertionError(other)

    def _token(self, grant_type: str, body: dict[str, Any]) -> httpx.Response:
        if self.refuses_with:
            return _refusal(self.refuses_with)
        match grant_type:
            case "pkce":
                said = hashlib.sha256(body["code_verifier"].encode()).digest()
                expected = self.challenges.pop(body["auth_code"], None)
                if expected is None:
                    return _refusal("flow_state_not_found")
                if base64.urlsafe_b64encode(said).rstrip(b"=").decode() != expected:
                    return _refusal("bad_code_verifier")
            case "password":
                if body["password"] != PASSWORD:
                    return _refusal("invalid_credentials")
            case _:
                if body["refresh_token"] not in self.refresh_tokens:
                    return _refusal("refresh_token_not_found")
                self.refresh_tokens.remove(body["refresh_token"])
                self.refreshes += 1
        return self._grant()

    def _grant(self) -> httpx.Response:
        number = len(self.mailed) + self.refreshes
        self.refresh_tokens.add(f"refresh-{number}")
        said = {
            "access_token": f"access-{number}",
            "token_type": "bearer",
            "expires_in": self.life_s,
            "expires_at": int(time.time()) + self.life_s,
            "refresh_token": f"refresh-{number}",
            "user": {"id": "u", "email": "somebody@studio.example"},
        }
        return httpx.Response(200, json=said)


def _refusal(code: str) -> httpx.Response:
    return httpx.Response(400, json={"code": 400, "error_code": code, "msg": "Refused."})
