"""The sign-in page, and how a sign-in that succeeded begins a session."""

from dataclasses import dataclass
from typing import Final

from litestar import Response

from oslira_gateway.console.session import Grant, Session, SessionTooLarge
from oslira_gateway.console.visit import Visit

_TOO_LARGE: Final = "Your account's token is too large for a browser session. Ask your administrator."


@dataclass(frozen=True, slots=True)
class SignInForm:
    """Which ways of signing in there are here."""

    has_issuer: bool
    has_development: bool

    async def show(
        self, visit: Visit, address: str, *, problem: str = "", sent_to: str = ""
    ) -> Response[str]:
        """`address`: where the user goes afterwards."""
        visit.keep(visit.session)  # its CSRF token has to come back with the form
        return await visit.page(
            "sign_in.html",
            status=422 if problem else 200,
            next=address,
            problem=problem,
            sent_to=sent_to,
            has_issuer=self.has_issuer,
            has_development=self.has_development,
        )

    async def begin(self, visit: Visit, grant: Grant, address: str) -> Response[str]:
        """The user's session, and the page they wanted."""
        try:
            visit.keep(Session.of(grant))
        except SessionTooLarge:
            return await self.show(visit, address, problem=_TOO_LARGE)
        return visit.go(address)
