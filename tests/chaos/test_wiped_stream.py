"""NATS loses everything while a user watches a run."""

from oslira_devstack.stack import Stack
from oslira_proof.promises.stage import stage
from oslira_proof.promises.wiped_bus import measure_wipe
from people import person


async def test_the_terminal_event_comes_on_the_stream_that_was_open(own_stack: Stack) -> None:
    async with stage(own_stack) as on, person(own_stack, available_credits=2) as user:
        finding = await measure_wipe(on, user, "watched.through.it")
    assert finding.holds, finding
