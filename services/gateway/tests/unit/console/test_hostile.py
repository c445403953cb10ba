"""Whatever stands in a profile, a lead or an error is shown as text, and is never part of a page."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from console_screens import SCREENS
from console_visitor import ORIGIN, Visitor
from example_api import ExampleApi

_MARKUP: Final = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)><a href=javascript:alert(1)>{{7*7}}</a>"
)
# Words that decide how a screen is built, or that are ids, times and addresses of the API.
_KEPT: Final = frozenset(
    {"type", "status", "next_cursor", "kind", "role", "avatar_url", "events_url", "poll_url", "url", "step", "outcome",
     "bucket", "problem", "code", "reason", "source", "language", "interval", "cost_usd", "margin_usd", "event_types", "period_start",
     "period_end", "invited_by"}
)  # fmt: skip
_TEMPLATES: Final = Path(__file__).parents[3] / "oslira_gateway" / "console" / "templates"


def hostile(body: Any, name: str = "") -> Any:
    """Markup in every text that people, profiles or models write."""
    match body:
        case dict():
            return {key: hostile(value, key) for key, value in body.items()}
        case list():
            return [hostile(value, name) for value in body]
        case str() if name not in _KEPT and not name.endswith(("_id", "_at", "at")):
            return body if name in ("from", "to", "since", "as_of") else _MARKUP
        case _:
            return body


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("address", SCREENS)
async def test_markup_in_every_field_stays_text(member: Visitor, api: ExampleApi, address: str) -> None:
    calm = _elements((await member.get(address)).text)
    api.change = hostile
    # Another token: what is remembered of the user is calm.
    member.sign_in(access_token="another")
    answer = await member.get(address)
    assert answer.status_code == 200
    found = _elements(answer.text)
    scripts = [attributes.get("src") for tag, attributes in found if tag == "script"]
    assert all(str(src).startswith("/app/static/") for src in scripts)
    assert {tag for tag, _ in found} - {tag for tag, _ in calm} <= {"select", "option", "label", "noscript"}
    for tag, attributes in found:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("href", "src", "action", "formaction"):
            assert not (attributes.get(name) or "").lower().lstrip().startswith("javascript:"), (
                tag,
                attributes,
            )
    assert "49</a>" not in answer.text


def _elements(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize("template", sorted(_TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_a_template_has_no_inline_script_style_or_unescaped_text(template: Path) -> None:
    text = template.read_text()
    assert "|safe" not in text.replace(" ", "")
    assert "style=" not in text
    assert "hx-on" not in text
    assert " onclick" not in text
    assert "js:" not in text
    assert "<script>" not in text


async def test_every_answer_forbids_what_is_not_of_this_origin(
    stranger: Visitor, console_of: Callable[..., Any]
) -> None:
    for address in ("/app/sign-in", "/app/leads", "/app/nothing", "/app/static/console.css", "/health/live"):
        policy = (await stranger.get(address)).headers["content-security-policy"]
        assert policy == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "form-action 'self' https://checkout.stripe.com https://billing.stripe.com; base-uri 'none'; "
            "frame-ancestors 'none'"
        )


async def test_a_purchase_leads_to_a_page_and_never_to_a_script(member: Visitor, api: ExampleApi) -> None:
    api.answers["createCheckout"] = {"url": "javascript:alert(1)"}
    answer = await member.post("/app/credits/checkout", pack="pack_100")
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


async def test_a_stream_is_passed_on_without_cookie_or_token(
    console_of: Callable[..., Any], api: ExampleApi
) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=console_of()), base_url=ORIGIN) as http:
        headers = {"cookie": "oslira_session=x", "authorization": "Bearer x"}
        answer = await http.get("/v1/events?ticket=t", headers=headers)
        assert answer.status_code == 200
        sent = api.asked[0][1].headers
        assert ("cookie" in sent, "authorization" in sent) == (False, False)
        for address in ("/v1/events", "/v1/me?ticket=t", "/v1/leads?ticket=t"):
            assert (await http.get(address)).status_code == 404
