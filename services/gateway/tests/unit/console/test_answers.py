"""What pages do when the API refuses or is away, and what they cost."""

import gzip
import re
from typing import Final

import httpx
import pytest
from console_screens import SCREENS
from console_visitor import ORIGIN, Visitor
from example_api import ExampleApi, problem
from oslira_gateway.console.render import ASSETS, asset_bytes

_ID: Final = "019a0000-0000-7000-8000-000000000001"
_MOST_BYTES: Final = 100_000


@pytest.mark.parametrize(
    ("address", "operation"),
    [
        (f"/app/leads/{_ID}", "getLead"),
        (f"/app/runs/{_ID}", "getRun"),
        (f"/app/bulk/{_ID}", "getBulk"),
        (f"/app/business/{_ID}", "getBusinessProfile"),
        (f"/app/settings/webhooks/{_ID}", "getWebhookEndpoint"),
    ],
)
async def test_what_the_api_does_not_find_is_no_page(
    member: Visitor, api: ExampleApi, address: str, operation: str
) -> None:
    api.refuse[operation] = problem(404, "not_found")
    answer = await member.get(address)
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)


@pytest.mark.parametrize("address", ["/app/nothing", "/app/runs/no-id", "/app/leads/no-id", "/nothing"])
async def test_an_address_that_is_none_is_a_page_that_says_so(member: Visitor, address: str) -> None:
    answer = await member.get(address)
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failure_offers_another_try(member: Visitor, api: ExampleApi, status: int) -> None:
    api.refuse["listLeads"] = problem(status, "unavailable")
    answer = await member.get("/app/leads?q=a")
    assert answer.status_code == status
    assert 'href="/app/leads?q=a"' in answer.text


async def test_a_failure_of_a_part_is_a_notice_on_the_page(member: Visitor, api: ExampleApi) -> None:
    api.refuse["listRuns"] = problem(503, "unavailable")
    answer = await member.get("/app/home/runs", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-retarget"]) == (503, "#notices")
    assert "<html" not in answer.text


async def test_an_api_that_does_not_answer_is_said_so(member: Visitor, api: ExampleApi) -> None:
    async def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    api.handle_async_request = away
    answer = await member.get("/app/leads")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)


async def test_an_order_without_enough_credits_says_what_is_missing(member: Visitor, api: ExampleApi) -> None:
    api.refuse["createBulk"] = httpx.Response(
        402, json={"status": 402, "code": "insufficient_credits", "detail": "12 are needed, 3 are there."}
    )
    order = {"names": "nasa", "type": "light", "business_profile_id": _ID}
    price = await member.post("/app/analyse/quote", **order)
    key, quoted = re.findall(r'name="(?:key|quoted)" value="([^"]+)"', price.text)
    answer = await member.post("/app/analyse/start", **order, key=key, quoted=quoted)
    assert (answer.status_code, "12 are needed, 3 are there." in answer.text) == (402, True)


async def test_an_order_that_is_sent_twice_is_one_order(member: Visitor, api: ExampleApi) -> None:
    quote = await member.post("/app/analyse/quote", names="nasa", type="light", business_profile_id=_ID)
    key, quoted = re.findall(r'name="(?:key|quoted)" value="([^"]+)"', quote.text)
    for _ in range(2):
        order = {"names": "nasa", "type": "light", "business_profile_id": _ID, "key": key, "quoted": quoted}
        assert (await member.post("/app/analyse/start", **order)).status_code == 303
    sent = [request.headers["idempotency-key"] for name, request in api.asked if name == "createBulk"]
    assert sent == [key, key]


async def test_each_line_is_read_before_anything_is_spent(member: Visitor, api: ExampleApi) -> None:
    names = "@Nasa\n\nnasa\nhttps://instagram.com/p/xyz\nесть"
    answer = await member.post("/app/analyse/quote", names=names, type="light", business_profile_id=_ID)
    assert "The same as line 1." in answer.text
    assert answer.text.count('<span class="tag bad">Invalid</span>') == 2
    assert [name for name, _ in api.asked if name == "createBulk"] == []


async def test_a_csv_file_is_read_by_the_api(member: Visitor, api: ExampleApi) -> None:
    form = {"csrf": member.csrf, "type": "deep", "business_profile_id": _ID, "max_credits": "5"}
    files = {"file": ("names.csv", b"name\nnasa\n", "text/csv")}
    answer = await member.http.post("/app/analyse/quote", data=form, files=files)
    assert answer.status_code == 200
    request = next(request for name, request in api.asked if name == "quoteBulk")
    assert (request.headers["content-type"], request.content) == ("text/csv", b"name\nnasa\n")
    assert dict(request.url.params) == {"type": "deep", "business_profile_id": _ID, "max_credits": "5"}


async def test_an_unchanged_part_is_not_sent_again(member: Visitor) -> None:
    first = await member.get("/app/home/runs")
    again = await member.get("/app/home/runs", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_browsers_address_reaches_the_api(member: Visitor, api: ExampleApi) -> None:
    await member.get("/app/leads", headers={"X-Forwarded-For": "203.0.113.9"})
    assert api.asked[0][1].headers["x-forwarded-for"].startswith("203.0.113.9, ")


async def test_the_leads_file_has_the_filter_of_the_page(member: Visitor, api: ExampleApi) -> None:
    page = await member.get("/app/leads?score_min=70&q=na")
    link = re.findall(r'href="(/app/leads/export\.csv[^"]*)"', page.text)[0].replace("&amp;", "&")
    answer = await member.get(link)
    assert answer.headers["content-type"].startswith("text/csv")
    sent = next(request for name, request in api.asked if name == "exportLeads")
    assert dict(sent.url.params) == {"score_min": "70", "q": "na"}


@pytest.mark.parametrize("address", SCREENS)
async def test_a_first_page_is_at_most_100_kb_compressed_in_all(member: Visitor, address: str) -> None:
    files = sum(len(gzip.compress(asset_bytes(name))) for name in ASSETS)
    page = len(gzip.compress((await member.get(address)).content))
    assert files + page <= _MOST_BYTES


async def test_every_file_of_a_page_is_there_compressed_and_kept(member: Visitor) -> None:
    page = await member.get("/app")
    files = set(re.findall(r'(?:href|src)="(/app/static/[^"]+)"', page.text))
    assert len(files) == len(ASSETS)
    for file in files:
        answer = await member.get(file)
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
        assert "immutable" in answer.headers["cache-control"]
    assert (await member.get("/app/static/tokens.css")).status_code == 404
    assert ORIGIN not in page.text


async def test_a_cancelled_run_is_a_row_of_the_board_and_a_page_of_its_own(member: Visitor) -> None:
    row = await member.post(f"/app/runs/{_ID}/cancel")
    assert "<tr id=" in row.text
    page = await member.post(f"/app/runs/{_ID}/cancel", page="run")
    assert (page.status_code, page.headers["location"]) == (303, f"/app/runs/{_ID}")
