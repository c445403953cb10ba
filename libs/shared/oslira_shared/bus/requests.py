"""A request to another service over the bus: it is offered until a responder takes it, and its reply is unwrapped."""

import asyncio
from typing import Final, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from pydantic import ValidationError

from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.envelope import Reply
from oslira_shared.deadline import within
from oslira_shared.errors import OsliraError
from oslira_shared.observability import trace
from oslira_shared.observability.server_words import server_words

_OFFER_AGAIN_S: Final = 0.1
# The client's own limit is for the answer: a server that reads nothing delays the sending.
SEND_S: Final = 1.0
ReplyT = TypeVar("ReplyT", bound=Contract)


async def send_request(  # the parts of a request, and its two time limits
    client: Client,
    subject: str,
    message: Contract,
    reply: type[ReplyT],
    *,
    wait_limit_s: float,
    timeout_s: float,
) -> ReplyT:
    """Raises the responder's OsliraError, `unavailable` without an answer, or `internal` for an invalid one.

    `wait_limit_s` is for a responder to appear, `timeout_s` for its answer.
    """
    try:
        offering = _offer(client, subject, message.model_dump_json().encode(), wait_limit_s, timeout_s)
        answer = await within(
            wait_limit_s + _OFFER_AGAIN_S + timeout_s + SEND_S, offering, call="bus_request"
        )
        return Reply[reply].model_validate_json(answer.data).unwrap()
    except NoRespondersError as error:
        raise OsliraError("unavailable", f"no responders for {subject}") from error
    except (NatsError, TimeoutError) as error:
        raise OsliraError("unavailable", f"{subject}: {server_words(error)}") from error
    except ValidationError as error:
        raise OsliraError("internal", f"{subject} answered outside its contract") from error


async def _offer(client: Client, subject: str, body: bytes, wait_limit_s: float, timeout_s: float) -> Msg:
    """Without responders no service has received the request, so every request may be sent again."""
    loop = asyncio.get_running_loop()
    stop_at = loop.time() + wait_limit_s
    while True:
        try:
            return await client.request(
                subject,
                body,
                timeout=timeout_s,
                headers={"content-type": "application/json", **trace.headers()},
            )
        except NoRespondersError:
            if loop.time() >= stop_at:
                raise
        await asyncio.sleep(_OFFER_AGAIN_S)
