"""A log line shows what NATS and Postgres said about an error, and redaction leaves it whole."""

import asyncpg
import pytest
from nats.errors import Error as NatsError
from nats.js.errors import NoStreamResponseError, ServiceUnavailableError
from oslira_shared.observability.scrub import scrub_text, scrubbed_trace
from oslira_shared.observability.server_words import is_servers_own, server_words

_DENIED = 'nats: permissions violation for publish to "analysis.rpc.replay.v1"'


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ServiceUnavailableError(code=503, err_code=10047, description="insufficient storage resources"),
            "ServiceUnavailableError: insufficient storage resources (10047)",
        ),
        (NoStreamResponseError(), "NoStreamResponseError: no response from stream"),
        (NatsError(_DENIED), "Error: permissions violation for publish to analysis.rpc.replay.v1"),
        (
            asyncpg.InvalidPasswordError('password authentication failed for user "credits_service"'),
            "InvalidPasswordError: password authentication failed for user credits_service (28P01)",
        ),
        (
            asyncpg.TooManyConnectionsError("sorry, too many clients already"),
            "TooManyConnectionsError: sorry, too many clients already (53300)",
        ),
        (ConnectionRefusedError(), "ConnectionRefusedError"),
    ],
    ids=["jetstream", "no-stream", "permission", "password", "clients", "refused"],
)
def test_the_servers_words_survive_redaction(error: Exception, words: str) -> None:
    assert server_words(error) == words
    assert scrub_text(server_words(error)) == words


def test_long_words_are_cut() -> None:
    assert len(server_words(NatsError("x" * 1_000))) == 300


def test_a_trace_names_the_relation_and_never_a_value() -> None:
    missing = asyncpg.UndefinedTableError('relation "analysis.runs" does not exist')
    assert "relation analysis.runs does not exist (42P01)" in scrubbed_trace(missing)
    invalid = asyncpg.InvalidTextRepresentationError('invalid input syntax for type uuid: "bob"')
    assert not is_servers_own(invalid)
    assert "bob" not in scrubbed_trace(invalid)
