"""Requests to another service: its result, its error, or an immediate error; and which callers a responder rejects."""

import asyncio
import time
from collections.abc import AsyncGenerator

import asyncpg
import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.credits.v1 import BalanceRequest
from oslira_shared.contracts.envelope import Reply
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id


class Question(Contract):
    name: str
    amount_credits: int = 1


class Answer(Contract):
    text: str


class Service:
    """A responder that does what its question's name says, and the services that ask it."""

    def __init__(self, server: Nats) -> None:
        self.subject = f"credits.rpc.test_{new_id().hex}"
        self.buses = [Bus(server.url("credits"), service="credits") for _ in range(2)]
        # As the tester: only this test uses the subject, so no service may publish to it.
        self.asker = Bus(server.url("tester"), service="gateway")
        self.heard: list[tuple[int, str]] = []
        for number, bus in enumerate(self.buses):
            self._respond(number, bus)

    def _respond(self, number: int, bus: Bus) -> None:
        @bus.responder(self.subject)
        async def answer(question: Question) -> Contract:
            self.heard.append((number, question.name))
            match question.name:
                case "short":
                    raise OsliraError("insufficient_credits", "credits are short", need=3, balance=1)
                case "crash":
                    raise ZeroDivisionError("jane.doe")
                case "password changed":
                    raise asyncpg.InvalidPasswordError("password authentication failed")
                case "broken row":
                    Answer.model_validate({})
                case "other":
                    return BalanceRequest(account_id=new_id())
                case "slow":
                    await asyncio.sleep(0.6)
                case _:
                    pass
            return Answer(text=f"yes, {question.name}")

    async def start(self) -> None:
        for bus in (*self.buses, self.asker):
            await bus.start()
        async with asyncio.timeout(5):
            while not await self._answers():
                await asyncio.sleep(0.02)
        self.heard.clear()

    async def _answers(self) -> bool:
        """Once both replicas have been heard, both are there."""
        try:
            await self.ask("hello")
        except OsliraError:
            return False
        return len({number for number, _ in self.heard}) == len(self.buses)

    async def ask(self, name: str, *, timeout_s: float = 5.0) -> Answer:
        return await self.asker.request(self.subject, Question(name=name), Answer, timeout_s=timeout_s)

    async def stop(self) -> None:
        for bus in (*self.buses, self.asker):
            await bus.stop()


@pytest_asyncio.fixture(scope="module")
async def service(nats_server: Nats) -> AsyncGenerator[Service]:
    made = Service(nats_server)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def operator(nats_server: Nats) -> AsyncGenerator[Client]:
    client = await nats.connect(nats_server.url("tester"), inbox_prefix="_INBOX_gateway")
    yield client
    await client.close()


async def test_an_answer_comes_back_from_one_replica(service: Service) -> None:
    service.heard.clear()
    answers = await asyncio.gather(*(service.ask(f"q{number}") for number in range(40)))
    assert {answer.text for answer in answers} == {f"yes, q{number}" for number in range(40)}
    assert len(service.heard) == 40
    assert {number for number, _ in service.heard} == {0, 1}


async def test_an_error_arrives_with_its_code_and_values(service: Service) -> None:
    with pytest.raises(OsliraError) as refused:
        await service.ask("short")
    assert (refused.value.code, refused.value.detail) == ("insufficient_credits", "credits are short")
    assert refused.value.extra == {"need": 3, "balance": 1}


async def test_a_responder_whose_database_rejects_it_is_unavailable_and_not_broken(service: Service) -> None:
    with pytest.raises(OsliraError) as away:
        await service.ask("password changed")
    assert (away.value.code, away.value.is_transient) == ("unavailable", True)


@pytest.mark.parametrize("crash", ["crash", "broken row"])
async def test_a_crash_is_internal_and_tells_the_asker_nothing(service: Service, crash: str) -> None:
    with pytest.raises(OsliraError) as crashed:
        await service.ask(crash)
    assert crashed.value.code == "internal"
    assert "jane" not in crashed.value.detail


async def test_an_answer_outside_its_contract_is_internal(service: Service, operator: Client) -> None:
    with pytest.raises(OsliraError) as wrong:
        await service.ask("other")
    assert wrong.value.code == "internal"

    async def babble(message: Msg) -> None:
        await message.respond(b"\xff")

    subject = f"credits.rpc.test_{new_id().hex}"
    await operator.subscribe(subject, cb=babble)
    await operator.flush()
    with pytest.raises(OsliraError) as garbled:
        await service.asker.request(subject, Question(name="x"), Answer)
    assert garbled.value.code == "internal"


async def test_no_responder_is_unavailable_at_once_and_a_slow_one_after_the_limit(service: Service) -> None:
    started = time.monotonic()
    with pytest.raises(OsliraError) as nobody:
        await service.asker.request(f"credits.rpc.test_{new_id().hex}", Question(name="x"), Answer)
    assert time.monotonic() - started < 0.5
    with pytest.raises(OsliraError) as late:
        await service.ask("slow", timeout_s=0.2)
    assert (nobody.value.code, late.value.code) == ("unavailable", "unavailable")
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "payload", [b"", b"jane \xff", b"null", b'["jane"]', b'{"name": ["jane"]}', b'{"amount_credits": 1}']
)
async def test_a_malformed_request_is_refused_by_its_fields_not_its_values(
    service: Service, operator: Client, payload: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    service.heard.clear()
    headers = {"content-type": "application/json"}
    reply = await operator.request(service.subject, payload, timeout=2, headers=headers)
    error = Reply[Answer].model_validate_json(reply.data).error
    assert error is not None
    assert error.code == "invalid_request"
    assert b"jane" not in reply.data
    assert service.heard == []
    logs = "".join(capfd.readouterr())
    assert "request_malformed" in logs
    assert "jane" not in logs


@pytest.mark.parametrize(
    "reply", ["_INBOX.abc", "_INBOX_stranger.abc", "credits.rpc.settle", "_INBOX_gatewayx.a"]
)
async def test_an_answer_goes_to_a_services_inbox_or_nowhere(
    service: Service, operator: Client, reply: str
) -> None:
    service.heard.clear()
    reply = f"{reply}.{new_id().hex}"
    answers = asyncio.Queue[Msg]()

    async def hear(message: Msg) -> None:
        answers.put_nowait(message)

    await operator.subscribe(reply, cb=hear)
    await operator.publish(service.subject, Question(name="forged").model_dump_json().encode(), reply=reply)
    await operator.publish(service.subject, Question(name="unasked").model_dump_json().encode())
    await operator.flush()
    for _ in range(10):  # by then both replicas have been through what came before
        await service.ask("genuine")
    assert {name for _, name in service.heard} == {"genuine"}
    assert answers.empty()


async def test_a_stored_message_pulled_to_a_responder_is_not_a_request(
    service: Service, operator: Client
) -> None:
    """A pull may name any reply subject: the server then delivers there what was never addressed to it."""
    service.heard.clear()
    jetstream, name = operator.jetstream(), f"T{new_id().hex}"
    await jetstream.add_stream(api.StreamConfig(name=name, subjects=[f"test.{name}"]))
    await jetstream.add_consumer(
        name, api.ConsumerConfig(durable_name="d", ack_policy=api.AckPolicy.EXPLICIT)
    )
    await jetstream.publish(f"test.{name}", Question(name="pulled").model_dump_json().encode())
    await operator.publish(f"$JS.API.CONSUMER.MSG.NEXT.{name}.d", b'{"batch": 1}', reply=service.subject)
    async with asyncio.timeout(5):
        while (await jetstream.consumer_info(name, "d")).delivered.consumer_seq == 0:  # pyright: ignore[reportOptionalMemberAccess]
            await asyncio.sleep(0.02)
    for _ in range(10):
        await service.ask("genuine")
    assert {heard for _, heard in service.heard} == {"genuine"}
    assert (await jetstream.consumer_info(name, "d")).num_ack_pending == 1
    await jetstream.delete_stream(name)
