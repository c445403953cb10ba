"""Settings of a console under test, and a browser without JavaScript."""

import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from oslira_gateway.console.session import COOKIE, Sealer, Session
from oslira_gateway.console.settings import ConsoleSettings

ORIGIN = "http://127.0.0.1:8082"
SECRET = "a-secret-of-tests-that-is-long-enough"


def console_settings(**changed: Any) -> ConsoleSettings:
    given: dict[str, Any] = {
        "OSLIRA_ENV": "development",
        "OSLIRA_API_URL": "http://api",
        "APP_URL": ORIGIN,
        "CONSOLE_SECRET": SECRET,
        "JWT_SECRET": "j" * 32,
    }
    return ConsoleSettings(**{**given, **changed})


@dataclass
class Visitor:
    """A browser that keeps cookies and sends forms with the CSRF token of the page it saw last."""

    http: httpx.AsyncClient
    csrf: str = ""
    origin: str = ORIGIN

    async def get(self, path: str, **more: Any) -> httpx.Response:
        answer = await self.http.get(path, **more)
        if found := re.search(r'name="csrf" (?:content|value)="([^"]+)"', answer.text):
            self.csrf = found[1]
        return answer

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        body = urlencode({"csrf": self.csrf, **fields}, doseq=True)
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": self.origin}
        return await self.http.post(path, content=body, headers=headers)

    def sign_in(self, **changed: Any) -> Session:
        """As somebody whose token is good for an hour."""
        given: dict[str, Any] = {
            "access_token": "a-token",
            "expires_at": int(time.time()) + 3_600,
            "email": "a@b.test",
        }
        session = Session(csrf="csrf-of-tests", **{**given, **changed})
        sealed = Sealer([SECRET], life_s=3_600).seal(session)
        self.http.cookies.set(COOKIE, sealed, domain=urlsplit(self.origin).hostname or "", path="/app")
        self.csrf = session.form_token
        return session
