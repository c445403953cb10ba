"""One request of a browser: its session, its API client, and how it is answered."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from jinja2 import Environment
from litestar import Request, Response
from litestar.exceptions import NotFoundException
from oslira_client import Oslira
from oslira_client.generated.identity import Me, Membership

from oslira_gateway.console.addresses import own
from oslira_gateway.console.api import CallersTransport
from oslira_gateway.console.edge import COOKIE_STATE
from oslira_gateway.console.people import People
from oslira_gateway.console.session import Sealer, Session

_HTML: Final = "text/html"


class Visit:
    """Made before each request by the guard; routes find it with `visit_of`."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        session: Session,
        *,
        api_of: Callable[[Session], Oslira],
        transport: CallersTransport,
        templates: Environment,
        sealer: Sealer,
        people: People,
    ) -> None:
        self.request = request
        self.session = session
        self.api = api_of(session)
        self._api_of = api_of
        self._transport = transport
        self._templates = templates
        self._sealer = sealer
        self._people = people
        self._began_s = time.perf_counter()

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks, for a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def address(self) -> str:
        """The page that the browser shows, to lead back to it."""
        url = self.request.url
        here = f"{url.path}?{url.query}" if url.query else url.path
        if self.is_fragment:
            return own(_path_of(self.request.headers.get("hx-current-url")))
        if self.request.method != "GET":
            return own(_path_of(self.request.headers.get("referer")))
        return own(here)

    def keep(self, session: Session) -> None:
        """Use `session` from now on, and send it to the browser."""
        self.session = session
        self.api = self._api_of(session)
        self.request.scope["state"][COOKIE_STATE] = self._sealer.seal(session)

    def forget(self) -> None:
        """End the session in the browser."""
        self.session = Session.new()
        self.request.scope["state"][COOKIE_STATE] = ""

    async def me(self) -> Me:
        """The user and their accounts, at most half a minute old."""
        return await self._people.me(self.session, self.api)

    def account_of(self, me: Me | None) -> Membership | None:
        """The account in use: the chosen one, else the oldest, as the API takes it."""
        if me is None or not me.accounts:
            return None
        chosen = [one for one in me.accounts if str(one.account_id) == self.session.account_id]
        return (chosen or me.accounts)[0]

    async def choose_account(self, account_id: str) -> None:
        """Show another of the user's accounts. Raises NotFoundException for one that is not theirs."""
        me = await self._people.me(self.session, self.api, is_fresh=True)
        if account_id not in {str(account.account_id) for account in me.accounts}:
            raise NotFoundException
        self.keep(replace(self.session, account_id=account_id))

    async def page(self, template: str, /, status: int = 200, **context: Any) -> Response[str]:
        """A whole page, with the navigation around it."""
        if self.session.is_signed_in:
            await self.me()
        return self.page_at_once(template, status, **context)

    def page_at_once(self, template: str, /, status: int = 200, **context: Any) -> Response[str]:
        """A whole page without asking the API; without navigation if the user is not remembered."""
        me = self._people.remembered(self.session)
        html = self._render(template, me=me, account=self.account_of(me), **context)
        return self._answer(html, status, {"Cache-Control": "no-store"})

    def fragment(self, template: str, /, status: int = 200, **context: Any) -> Response[str]:
        """A part of a page. A browser that has it already gets 304."""
        html = self._render(template, **context)
        etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:24]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if self.request.method == "GET" and self.request.headers.get("if-none-match") == etag:
            return self._answer("", 304, headers)
        return self._answer(html, status, headers)

    def go(self, address: str) -> Response[str]:
        """Send the browser to another page."""
        if self.is_fragment:
            return self._answer("", 200, {"HX-Redirect": address})
        return self._answer("", 303, {"Location": address})

    def _render(self, template: str, **context: Any) -> str:
        return self._templates.get_template(template).render(session=self.session, visit=self, **context)

    def _answer(self, html: str, status: int, headers: Mapping[str, str]) -> Response[str]:
        api_ms = self._transport.taken_s * 1_000
        own_ms = (time.perf_counter() - self._began_s) * 1_000 - api_ms
        timing = f"api;dur={api_ms:.1f}, console;dur={own_ms:.1f}"
        return Response(
            html,
            status_code=status,
            media_type=_HTML,
            headers={**headers, "Server-Timing": timing, "Vary": "HX-Request, Cookie"},
        )


def visit_of(request: Request[Any, Any, Any]) -> Visit:
    """The visit that the guard made."""
    return request.scope["state"]["console_visit"]


def _path_of(address: str | None) -> str | None:
    if not address:
        return None
    _, _, rest = address.partition("://")
    _, slash, path = rest.partition("/")
    return slash + path
