"""Secrets and signatures, as a receiver with the public library sees them."""

import os
from datetime import UTC, datetime, timedelta, timezone

import pytest
from oslira_gateway.webhooks.signature import signed_headers
from oslira_gateway.webhooks.signing_secret import Keyring, UnreadableSecret, make_secret
from oslira_shared.ids import new_id
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

KEY, OLD_KEY = (
    "a key that is long enough to be a key, and more",
    "another key that was in use until last week",
)
BODY = '{"type":"run.completed"}'


def test_a_sealed_secret_opens_for_its_endpoint_alone() -> None:
    keyring, endpoint_id = Keyring([KEY], random_bytes=os.urandom), new_id()
    secret = make_secret(os.urandom)
    sealed = keyring.seal(secret, endpoint_id)
    assert secret.encode() not in sealed
    assert keyring.open(sealed, endpoint_id) == secret
    with pytest.raises(UnreadableSecret):
        keyring.open(sealed, new_id())
    with pytest.raises(UnreadableSecret):
        keyring.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), endpoint_id)
    with pytest.raises(UnreadableSecret):
        keyring.open(b"", endpoint_id)


def test_the_key_in_use_changes_without_losing_a_secret() -> None:
    endpoint_id = new_id()
    sealed = Keyring([OLD_KEY], random_bytes=os.urandom).seal("whsec_AAAA", endpoint_id)
    both = Keyring([KEY, OLD_KEY], random_bytes=os.urandom)
    assert both.open(sealed, endpoint_id) == "whsec_AAAA"
    with pytest.raises(UnreadableSecret):
        Keyring([OLD_KEY], random_bytes=os.urandom).open(both.seal("whsec_AAAA", endpoint_id), endpoint_id)


def test_two_of_the_same_secret_look_different() -> None:
    keyring, endpoint_id = Keyring([KEY], random_bytes=os.urandom), new_id()
    assert keyring.seal("whsec_AAAA", endpoint_id) != keyring.seal("whsec_AAAA", endpoint_id)


def test_each_of_two_secrets_verifies_and_a_third_does_not() -> None:
    new, old, foreign = (make_secret(os.urandom) for _ in range(3))
    event_id = new_id()
    headers = signed_headers([new, old], event_id=event_id, sent_at=datetime.now(UTC), body=BODY)
    assert headers["webhook-id"] == str(event_id)
    for secret in (new, old):
        assert Webhook(secret).verify(BODY, headers) == {"type": "run.completed"}
    with pytest.raises(WebhookVerificationError):
        Webhook(foreign).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(BODY.replace("completed", "failed"), headers)


def test_the_zone_of_the_moment_does_not_matter() -> None:
    secret = make_secret(os.urandom)
    elsewhere = datetime.now(timezone(timedelta(hours=9)))
    headers = signed_headers([secret], event_id=new_id(), sent_at=elsewhere, body=BODY)
    Webhook(secret).verify(BODY, headers)
