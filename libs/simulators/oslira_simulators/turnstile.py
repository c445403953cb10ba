"""Cloudflare Turnstile's siteverify, as its documentation has it.

What a browser's widget would have given is any text: each passes once. `refuse` is what a program gets, and `at HOST …` is
solved on a page of that host.
"""

from datetime import UTC, datetime
from typing import Any, Final

from oslira_simulators.routes import Route
from oslira_simulators.wire import Call, Reply, json_reply

REFUSED: Final = "refuse"
_ELSEWHERE: Final = "at "
_KEPT: Final = 10_000


class Turnstile:
    name = "turnstile"

    def __init__(self) -> None:
        self._used: dict[str, None] = {}
        self.routes = (Route("POST", "/siteverify", self.verify),)

    async def verify(self, call: Call) -> Reply:
        """Each response passes once, as the real one's do."""
        asked = call.json()
        response = str(asked.get("response") or "")
        if problem := self._problem(str(asked.get("secret") or ""), response):
            return json_reply({"success": False, "error-codes": [problem], "messages": []})
        return json_reply(_passed(response))

    def _problem(self, secret: str, response: str) -> str | None:
        if not secret:
            return "missing-input-secret"
        if not response:
            return "missing-input-response"
        if response == REFUSED:
            return "invalid-input-response"
        if response in self._used:
            return "timeout-or-duplicate"
        if len(self._used) >= _KEPT:
            self._used.pop(next(iter(self._used)))
        self._used[response] = None
        return None

    def refuse(self, call: Call) -> Reply | None:  # noqa: ARG002
        """Never: a wrong secret is in the answer."""
        return None

    def username_of(self, call: Call) -> str | None:  # noqa: ARG002
        return None

    def error(self, status: int, message: str) -> Reply:  # noqa: ARG002
        return json_reply({"success": False, "error-codes": ["internal-error"]}, status)


def _passed(response: str) -> dict[str, Any]:
    host = (
        response.removeprefix(_ELSEWHERE).partition(" ")[0]
        if response.startswith(_ELSEWHERE)
        else "localhost"
    )
    return {
        "success": True,
        "error-codes": [],
        "challenge_ts": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "hostname": host,
        "action": "",
        "cdata": "",
    }
