"""What every answer of the console carries: the policies of its pages, and the session's cookie when it changed."""

from collections.abc import Mapping
from typing import Any, Final

from oslira_gateway.console.session import COOKIE

# Below scope["state"]: the cookie to set, or "" to remove it.
COOKIE_STATE: Final = "console_cookie"


def content_policy(form_targets: str) -> str:
    """Nothing but this origin; forms may also lead to Stripe. Pictures pass through the API, so they are of this origin."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self' {form_targets}; base-uri 'none'; frame-ancestors 'none'"
    )


class Edge:
    """Wraps the application."""

    def __init__(self, app: Any, *, form_targets: str, is_secure: bool, life_s: int) -> None:
        self._app = app
        self._is_secure = is_secure
        self._life_s = life_s
        self._headers = [
            (b"content-security-policy", content_policy(form_targets).encode()),
            (b"x-content-type-options", b"nosniff"),
            # Only our own server is told which page a request came from.
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        ]
        if is_secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *self._headers, *self._cookie(scope)]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, sending)

    def _cookie(self, scope: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
        value = (scope.get("state") or {}).get(COOKIE_STATE)
        if value is None:
            return []
        life_s = self._life_s if value else 0
        secure = "; Secure" if self._is_secure else ""
        cookie = f"{COOKIE}={value}; Path=/app; Max-Age={life_s}; HttpOnly; SameSite=Lax{secure}"
        return [(b"set-cookie", cookie.encode())]
