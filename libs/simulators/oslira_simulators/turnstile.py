"""Cloudflare Turnstile's siteverify. What a browser's widget would have given is any text; `refuse` is what a program gets."""

from oslira_simulators.routes import Route
from oslira_simulators.wire import Call, Reply, json_reply

REFUSED = "refuse"
_KEPT = 10_000


class Turnstile:
    name = "turnstile"

    def __init__(self) -> None:
        self._used: dict[str, None] = {}
        self.routes = (Route("POST", "/siteverify", self.verify),)

    async def verify(self, call: Call) -> Reply:
        """Each response passes once, as the real one's do."""
        asked = call.json()
        problem = self._problem(str(asked.get("secret") or ""), str(asked.get("response") or ""))
        return json_reply({"success": problem is None, "error-codes": [problem] if problem else []})

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
