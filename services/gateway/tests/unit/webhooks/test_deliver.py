"""One attempt: signed with the usable secrets, and its result recorded."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from memory_webhooks import MemoryOutbox, MemorySender
from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.deliver import Deliver
from oslira_gateway.webhooks.ports import ClaimedDelivery
from oslira_gateway.webhooks.schedule import MAX_TRIES
from oslira_gateway.webhooks.signing_secret import Keyring
from oslira_shared.ids import new_id
from standardwebhooks.webhooks import Webhook

KEYRING = Keyring(["a key that is long enough to be a key, and more"], random_bytes=os.urandom)
SECRET = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ="


def delivery(*, failures: int = 1) -> ClaimedDelivery:
    endpoint_id = new_id()
    return ClaimedDelivery(
        claim=None,
        endpoint_id=endpoint_id,
        event_id=new_id(),
        url="https://hooks.example/",
        body='{"type":"ping"}',
        sealed_secrets=[KEYRING.seal(SECRET, endpoint_id)],
        failures=failures,
        claimed_at=datetime.now(UTC),
    )


async def tried(answer: Answer, sent: ClaimedDelivery) -> tuple[MemorySender, Answer, float | None]:
    outbox, sender = MemoryOutbox(), MemorySender(lambda: answer)
    await Deliver(outbox, sender, KEYRING, chance=lambda: 0.0)(sent)
    [(event_id, end, next_try_s)] = outbox.ends
    assert event_id == sent.event_id
    return sender, end, next_try_s


async def test_it_is_signed_under_its_events_id() -> None:
    sent = delivery()
    sender, end, _ = await tried(Answer(200), sent)
    [(url, headers, body)] = sender.posted
    assert (url, headers["webhook-id"]) == (sent.url, str(sent.event_id))
    assert Webhook(SECRET).verify(body, headers) == {"type": "ping"}
    assert end == Answer(200)


@pytest.mark.parametrize(
    ("answer", "failures", "expected_s"),
    [
        (Answer(500, DeliveryProblem.STATUS), 1, 5.0),
        (Answer(503, DeliveryProblem.STATUS, 700.0), 1, 700.0),
        (Answer(problem=DeliveryProblem.TIMEOUT), 3, 1800.0),
        (Answer(problem=DeliveryProblem.ADDRESS), 2, 300.0),
        (Answer(500, DeliveryProblem.STATUS), MAX_TRIES, None),
        (Answer(410, DeliveryProblem.GONE), 1, None),
    ],
    ids=["500", "503 with Retry-After", "timeout", "refused", "last try", "gone"],
)
async def test_a_failure_is_tried_again_until_it_was_the_last(
    answer: Answer, failures: int, expected_s: float | None
) -> None:
    _, end, next_try_s = await tried(answer, delivery(failures=failures))
    assert (end, next_try_s) == (answer, expected_s)


async def test_a_secret_that_cannot_be_read_sends_nothing() -> None:
    broken = replace(delivery(), endpoint_id=new_id())
    sender, end, next_try_s = await tried(Answer(200), broken)
    assert (sender.posted, end.problem, next_try_s) == ([], DeliveryProblem.SECRET, 5.0)
