"""The permissions follow from the topology: a new request, consumer or key must say who may use it."""

import json
from types import ModuleType

import pytest
from oslira_shared.bus import nkeys
from oslira_shared.bus.permissions import OBSERVER, OPERATOR, USERS, inbox_of, rights_of
from oslira_shared.bus.server_config import as_helm_values, as_server_file, by_nkeys
from oslira_shared.bus.topology import CONSUMERS, OWNERS, REQUESTED_BY
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.billing import v1 as billing
from oslira_shared.contracts.credits import v1 as credits_


@pytest.mark.parametrize("module", [analysis, billing, credits_])
def test_every_question_says_who_may_ask_it(module: ModuleType) -> None:
    questions = {value for name, value in vars(module).items() if name.isupper() and ".rpc." in str(value)}
    assert questions <= set(REQUESTED_BY)
    assert all(set(askers) <= {*OWNERS, OPERATOR} for askers in REQUESTED_BY.values())


@pytest.mark.parametrize("user", OWNERS)
def test_a_service_cannot_publish_or_subscribe_as_another(user: str) -> None:
    rights = rights_of(user)
    others = [other for other in USERS if other != user]
    for subject in (*rights.publish, *rights.subscribe):
        assert subject not in (">", "*", "$JS.>", "$JS.API.>", "$KV.>")
        assert not any(subject.startswith((f"{other}.evt.", inbox_of(other))) for other in others)
    assert not any(subject.startswith(f"{other}.rpc") for other in others for subject in rights.subscribe)
    for consumer in CONSUMERS.values():
        pull = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        assert (pull in rights.publish) is (consumer.owner == user)


def test_only_the_scheduler_creates_streams_and_no_service_deletes_data() -> None:
    for user in USERS:
        publish = rights_of(user).publish
        assert any(".CREATE." in subject for subject in publish) is (user == "scheduler")
        assert not any("PURGE" in subject for subject in publish)
        deletes = [subject for subject in publish if "DELETE" in subject]
        assert deletes == (["$JS.API.STREAM.DELETE.KV_LIMITS"] if user == "scheduler" else [])
    writers = [user for user in USERS if "$KV.PROGRESS.*.state" in rights_of(user).publish]
    assert writers == ["analysis"]
    askers = [user for user in USERS if analysis.CANCEL in rights_of(user).publish]
    assert askers == ["gateway"]


def test_an_operator_reads_and_sends_no_request() -> None:
    """Whatever changes something goes through /v1/admin, where it leaves a row in the audit log."""
    rights = rights_of(OPERATOR)
    assert not any(
        ".rpc." in subject or ".cmd." in subject or ".evt." in subject for subject in rights.publish
    )
    assert {"$JS.API.STREAM.INFO.DEAD", "$JS.API.STREAM.MSG.GET.DEAD"} <= set(rights.publish)
    assert all(OPERATOR not in who for who in REQUESTED_BY.values())


def test_an_observer_hears_and_cannot_speak() -> None:
    rights = rights_of(OBSERVER)
    assert (rights.publish, rights.subscribe, rights.may_answer) == ((), ("*.evt.>",), False)
    with pytest.raises(KeyError):
        rights_of("stranger")


def test_the_servers_file_names_public_keys_or_their_variables_and_no_secret() -> None:
    seed = nkeys.new_seed()
    block = by_nkeys({"gateway": [nkeys.public_key(seed)]})
    users = block["OSLIRA"]["users"]
    assert len(users) == len(USERS)
    assert all(user["permissions"]["subscribe"]["allow"] for user in users)
    assert users[-1]["permissions"]["publish"] == {"deny": [">"]}
    text = as_server_file(block)
    assert f'"nkey": "{nkeys.public_key(seed)}"' in text
    assert '"nkey": $NATS_CREDITS_NKEY' in text
    assert seed not in text
    values = json.loads(as_helm_values(block).split("\n", 1)[1])
    merged = values["config"]["merge"]["accounts"]["OSLIRA"]["users"]
    assert merged[1]["nkey"] == "<< $NATS_CREDITS_NKEY >>"


def test_a_seed_is_a_users_and_knows_its_mark() -> None:
    marked = nkeys.new_seed(mark=b"oslira-dev-")
    assert nkeys.holds(marked, b"oslira-dev-")
    assert not nkeys.holds(nkeys.new_seed(), b"oslira-dev-")
    assert nkeys.new_seed() != nkeys.new_seed()
    for wrong in ("", "SU", nkeys.public_key(marked), marked[:-9]):
        with pytest.raises(ValueError, match="seed"):
            nkeys.public_key(wrong)
