"""Tickets open one stream, for one user in one account, for ten minutes."""

import base64
import json
from dataclasses import replace

import pytest
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.streams.tickets import ANONYMOUS_FOLLOWER, Follower, Tickets, follower_of
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

SECRET = "a secret that is long enough"
RUN = new_id()
FOLLOWER = Follower(new_id(), new_id(), "session", 900_000, 2_000_000_000)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def refused(tickets: Tickets, text: str) -> bool:
    with pytest.raises(OsliraError) as caught:
        tickets.check(text, "run", thing_id=RUN)
    return caught.value.code == "ticket_invalid"


def test_a_ticket_is_good_for_ten_minutes_and_not_longer() -> None:
    clock = Clock()
    tickets = Tickets(SECRET, clock=clock)
    text = tickets.issue("run", RUN, FOLLOWER)
    clock.now += 599
    assert tickets.check(text, "run", thing_id=RUN) == FOLLOWER
    clock.now += 2
    assert refused(tickets, text)


def test_a_ticket_ends_with_the_token_it_was_issued_for() -> None:
    clock = Clock()
    tickets = Tickets(SECRET, clock=clock)
    text = tickets.issue("run", RUN, replace(FOLLOWER, token_expires_at_s=1_000_060))
    clock.now += 59
    assert tickets.check(text, "run", thing_id=RUN).token_expires_at_s == 1_000_060
    clock.now += 2
    assert refused(tickets, text)


def test_a_ticket_names_the_user_and_the_sign_in_it_was_issued_to() -> None:
    caller = Caller(new_id(), session="s", signed_in_at_s=5, token_expires_at_s=9)
    member = Member(caller, new_id(), "member")
    assert follower_of(member) == Follower(member.account_id, caller.user_id, "s", 5, 9)
    tickets = Tickets(SECRET, clock=lambda: 0)
    text = tickets.issue("bulk", RUN, follower_of(member))
    assert tickets.check(text, "bulk", thing_id=RUN) == follower_of(member)


def test_a_visitors_ticket_names_no_user() -> None:
    tickets = Tickets(SECRET)
    assert (
        tickets.check(tickets.issue("run", RUN, ANONYMOUS_FOLLOWER), "run", thing_id=RUN)
        == ANONYMOUS_FOLLOWER
    )


def test_a_ticket_opens_no_other_run_and_no_other_kind_of_stream() -> None:
    tickets = Tickets(SECRET)
    assert refused(tickets, tickets.issue("run", new_id(), FOLLOWER))
    assert refused(tickets, tickets.issue("bulk", RUN, FOLLOWER))


def test_a_ticket_signed_with_another_secret_is_refused() -> None:
    assert refused(Tickets("other"), Tickets(SECRET).issue("run", RUN, FOLLOWER))


def test_the_longest_ticket_fits_its_parameter() -> None:
    longest = replace(FOLLOWER, session="s" * 64, signed_in_at_s=253_402_300_799)
    assert len(Tickets(SECRET).issue("account", RUN, longest)) <= 512


@pytest.mark.parametrize("text", ["", ".", "a.b", "a", "a.b.c", "ü.ü", "x" * 5_000])
def test_what_is_no_ticket_is_refused(text: str) -> None:
    assert refused(Tickets(SECRET), text)


@pytest.mark.parametrize("field", range(8))
def test_a_changed_ticket_is_refused(field: int) -> None:
    tickets = Tickets(SECRET)
    payload, signature = tickets.issue("run", RUN, FOLLOWER).split(".")
    fields = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    fields[field] = fields[field] + 1 if isinstance(fields[field], int) else new_id().hex
    forged = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
    assert refused(tickets, f"{forged}.{signature}")
