"""What becomes of a request: tried again where that is safe alone, problems by kind, lists to their end."""

from collections.abc import Callable

import httpx
import pytest
from oslira_client import (
    ApiError,
    Conflict,
    Csv,
    NotFound,
    Oslira,
    PaymentRequired,
    RateLimited,
    Retries,
    ServerProblem,
)
from oslira_client.generated.analyses import AnalysisBody
from oslira_client.generated.business import BusinessPatch
from oslira_shared.ids import new_id

ORDER = AnalysisBody(username="natgeo", type="light", business_profile_id=new_id())
RUN_ID = str(new_id())
ACCEPTED = {"run_id": RUN_ID, "status": "queued", "poll_url": "/v1/runs/1", "events_url": "/v1/runs/1/events"}
BALANCE = {"available": 3, "held": 0, "frozen": 0, "debt": 0, "grants": []}
Answers = list[httpx.Response | Exception]


class Server:
    """Answers in turn; the last answer from then on."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers: Answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waited_s: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _sleep(self, seconds: float) -> None:
        self.waited_s.append(seconds)

    def client(self, token: str | Callable[[], str] | None = None) -> Oslira:
        retries = Retries(2, sleep=self._sleep, chance=lambda: 0.5)
        return Oslira("http://api", token, retries=retries, transport=httpx.MockTransport(self))


def problem(status: int, code: str, **more: object) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": "because", **more})


@pytest.mark.parametrize(
    "first",
    [
        httpx.ConnectError("away"),
        httpx.ReadError("cut off"),
        problem(503, "unavailable"),
        problem(429, "rate_limited"),
        httpx.Response(502, text="<html>"),
    ],
    ids=["away", "cut_off", "unavailable", "limited", "proxy"],
)
async def test_a_read_is_tried_again(first: httpx.Response | Exception) -> None:
    server = Server(first, httpx.Response(200, json=BALANCE))
    async with server.client() as client:
        assert (await client.credits.get_balance()).available == 3
    assert len(server.asked) == 2
    assert server.waited_s == [0.2]


async def test_an_order_is_tried_again_under_one_key() -> None:
    server = Server(
        httpx.ReadTimeout("lost"), problem(503, "unavailable"), httpx.Response(202, json=ACCEPTED)
    )
    async with server.client() as client:
        assert str((await client.analyses.create_analysis(ORDER)).run_id) == RUN_ID
    keys = {request.headers["idempotency-key"] for request in server.asked}
    assert (len(server.asked), len(keys)) == (3, 1)
    async with server.client() as client:
        await client.analyses.create_analysis(ORDER, idempotency_key="mine")
        await client.analyses.create_analysis(ORDER)
    assert server.asked[-2].headers["idempotency-key"] == "mine"
    assert server.asked[-1].headers["idempotency-key"] not in keys


@pytest.mark.parametrize(
    "first", [httpx.ReadError("cut off"), problem(503, "unavailable")], ids=["cut", "503"]
)
async def test_what_has_no_key_is_sent_once(first: httpx.Response | Exception) -> None:
    server = Server(first, httpx.Response(200, json={}))
    async with server.client() as client:
        with pytest.raises((httpx.TransportError, ApiError)):
            await client.analyses.cancel_run(RUN_ID)
    assert (len(server.asked), server.waited_s) == (1, [])


async def test_it_gives_up_in_the_end_and_waits_no_shorter_than_asked() -> None:
    limited = httpx.Response(429, json={"code": "rate_limited"}, headers={"Retry-After": "4"})
    server = Server(limited)
    async with server.client() as client:
        with pytest.raises(RateLimited) as refused:
            await client.credits.get_balance()
    assert refused.value.retry_after_s == 4
    assert (len(server.asked), server.waited_s) == (3, [4, 4])


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (402, "insufficient_credits", PaymentRequired),
        (404, "run_not_found", NotFound),
        (409, "run_finished", Conflict),
        (412, "version_changed", Conflict),
        (500, "internal", ServerProblem),
        (418, "teapot", ApiError),
    ],
)
async def test_a_problem_is_raised_by_its_kind_with_its_code_and_values(
    status: int, code: str, kind: type[ApiError]
) -> None:
    server = Server(problem(status, code, need=3))
    async with server.client() as client:
        with pytest.raises(kind) as raised:
            await client.credits.get_balance()
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.code, raised.value.body["need"]) == (status, code, 3)
    assert len(server.asked) == 1


async def test_what_is_no_problem_document_is_a_problem_all_the_same() -> None:
    async with Server(httpx.Response(404, text="<html>gone</html>")).client() as client:
        with pytest.raises(NotFound) as raised:
            await client.credits.get_balance()
    assert (raised.value.code, raised.value.detail) == ("unknown", "<html>gone</html>")


async def test_a_list_is_read_to_its_end_page_by_page() -> None:
    def plan(name: str) -> dict[str, object]:
        return {"account_id": str(new_id()), "kind": "team", "name": name, "role": "owner"}

    server = Server(
        httpx.Response(200, json={"items": [plan("a"), plan("b")], "next_cursor": "2"}),
        httpx.Response(200, json={"items": [plan("c")], "next_cursor": None, "more": "later"}),
    )
    async with server.client() as client:
        assert [account.name async for account in client.accounts.list_accounts()] == ["a", "b", "c"]
    assert [request.url.params.get("cursor") for request in server.asked] == [None, "2"]


async def test_a_patch_says_what_was_set_and_no_more() -> None:
    server = Server(problem(404, "business_profile_not_found"))
    async with server.client() as client:
        with pytest.raises(NotFound):
            await client.business.update_business_profile(
                "a/b", BusinessPatch(tone=None, name="New"), if_match='"3"'
            )
    (request,) = server.asked
    assert request.read() == b'{"name":"New","tone":null}' or request.read() == b'{"tone":null,"name":"New"}'
    assert request.headers["if-match"] == '"3"'
    assert request.url.raw_path == b"/v1/business-profiles/a%2Fb"


async def test_a_file_goes_with_its_terms_and_tokens_are_asked_for_each_time() -> None:
    tokens = iter(["one", "two"])
    server = Server(problem(400, "no_usable_names"))
    async with server.client(lambda: next(tokens)) as client:
        for _ in range(2):
            with pytest.raises(ApiError):
                await client.bulk.quote_bulk(Csv(b"username\nnatgeo\n"), type="light", max_credits=None)
    assert [request.headers["authorization"] for request in server.asked] == ["Bearer one", "Bearer two"]
    assert server.asked[0].headers["content-type"] == "text/csv"
    assert dict(server.asked[0].url.params) == {"type": "light"}
