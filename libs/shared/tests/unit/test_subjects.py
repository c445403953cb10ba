"""One table has the contract of every subject, and the bus sends nothing else."""

import pytest
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.topology import COMMANDED_BY, CONSUMERS, OWNERS, REQUESTED_BY, SUBSCRIBED_BY
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.credits import v1 as credits_
from oslira_shared.contracts.subjects import CARRIED, owner_of
from oslira_shared.contracts.work import WorkHint
from oslira_shared.ids import new_id


def test_every_subject_of_the_topology_has_a_contract() -> None:
    pulled = {subject for consumer in CONSUMERS.values() for subject in consumer.filters}
    assert pulled | {*COMMANDED_BY, *SUBSCRIBED_BY, *REQUESTED_BY} <= CARRIED.keys()


def test_a_question_has_an_answer_and_nothing_else_does() -> None:
    assert {subject for subject, carried in CARRIED.items() if carried.reply} == set(REQUESTED_BY)
    assert {owner_of(subject) for subject in CARRIED} <= set(OWNERS)


async def test_the_bus_refuses_what_is_not_the_subjects() -> None:
    bus = Bus("nats://127.0.0.1:1", service="credits")
    event = credits_.Settled(event_id=new_id(), hold_id=new_id(), account_id=new_id())
    with pytest.raises(TypeError, match=r"analysis\.cmd\.run\.v1 carries WorkHint, not Settled"):
        await bus.publish(analysis.RUN, event, msg_id="1")
    with pytest.raises(TypeError, match=r"credits\.evt\.rumour\.v1 carries nothing, not WorkHint"):
        await bus.publish("credits.evt.rumour.v1", WorkHint.of(new_id(), "queued", 0), msg_id="1")
