"""Tickets open one run's stream for ten minutes."""

import base64
import json

import pytest
from oslira_gateway.analyses.tickets import RunTicket, Tickets
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

SECRET = "a secret that is long enough"
TICKET = RunTicket(run_id=new_id(), account_id=new_id())


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def refused(tickets: Tickets, text: str, run: RunTicket = TICKET) -> bool:
    with pytest.raises(OsliraError) as caught:
        tickets.check(text, run_id=run.run_id)
    return caught.value.code == "ticket_invalid"


def test_a_ticket_is_good_for_ten_minutes_and_not_longer() -> None:
    clock = Clock()
    tickets = Tickets(SECRET, clock=clock)
    text = tickets.issue(TICKET)
    clock.now += 599
    assert tickets.check(text, run_id=TICKET.run_id) == TICKET
    clock.now += 2
    assert refused(tickets, text)


def test_a_ticket_opens_no_other_run() -> None:
    tickets = Tickets(SECRET)
    other = RunTicket(run_id=new_id(), account_id=TICKET.account_id)
    assert refused(tickets, tickets.issue(TICKET), other)


def test_a_ticket_signed_with_another_secret_is_refused() -> None:
    assert refused(Tickets("other"), Tickets(SECRET).issue(TICKET))


@pytest.mark.parametrize("text", ["", ".", "a.b", "a", "a.b.c", "ü.ü", "x" * 5_000])
def test_what_is_no_ticket_is_refused(text: str) -> None:
    assert refused(Tickets(SECRET), text)


def test_a_changed_ticket_is_refused() -> None:
    tickets = Tickets(SECRET)
    payload, signature = tickets.issue(TICKET).split(".")
    fields = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    fields[3] += 1
    forged = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
    assert refused(tickets, f"{forged}.{signature}")
