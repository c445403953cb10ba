"""Errors are scrubbed: no personal data leaves the process, neither in a log line nor in a Sentry event."""

import json
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import httpx
import pytest
import sentry_sdk
from botocore.exceptions import EndpointConnectionError, ParamValidationError
from oslira_shared.observability.scrub import scrub_event, scrub_text, scrub_value, scrubbed_trace
from pydantic import TypeAdapter, ValidationError
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from sentry_sdk.utils import event_from_exception

# A name, an address, a line of a biography, a line of a prompt. In each error below stands one of them at least.
NAME: Final = "zq.jane"
MAIL: Final = "zq@jane.example"
BIO: Final = "mother of zq two\nlives in zq"
PROMPT: Final = 'You score "zq" profiles'
TOKEN: Final = "zq-token"


def _raised(fail: Callable[[], object]) -> Exception:
    try:
        fail()
    except Exception as error:  # noqa: BLE001  # whatever it is
        return error
    raise AssertionError("nothing was raised")


def _of_a_row() -> object:
    fields = {
        "C": "23502",
        "M": 'null value in column "score"',
        "D": f"Failing row contains ({NAME}, {BIO}).",
        "H": NAME,
    }
    raise asyncpg.NotNullViolationError.new(fields)


def _of_a_reference() -> object:
    raise asyncpg.DataError(f'invalid input syntax for type uuid: "{NAME}"')


def _of_an_input() -> object:
    return TypeAdapter(dict[str, int]).validate_python({"a": f"{BIO}, {NAME}", "b": MAIL})


def _of_a_key() -> object:
    url = f"http://127.0.0.1:8333/oslira/profiles/v1/{NAME}.json"
    raise EndpointConnectionError(endpoint_url=url, error=f"{NAME} {url}")


def _of_a_parameter() -> object:
    raise ParamValidationError(report=f"Invalid bucket name '{NAME}'")


def _of_a_request() -> object:
    request = httpx.Request("GET", f"https://api.example/v2/acts?token={TOKEN}&q={MAIL}")
    return httpx.Response(404, request=request).raise_for_status()


def _of_a_model() -> object:
    raise RuntimeError(f"Error code: 400 - {{'error': {{'message': {PROMPT!r}, 'input': '{BIO}'}}}}")


def _of_a_path() -> object:
    raise FileNotFoundError(2, "No such file or directory", f"/data/{NAME}")


def _of_a_cause() -> object:
    try:
        return {}[NAME]
    except KeyError as error:
        raise ValueError(
            f"{MAIL} has not been seen at /v1/invitations/{TOKEN}/accept?ticket={TOKEN}"
        ) from error


def _of_several() -> object:
    raise ExceptionGroup("two failed", [_raised(_of_a_key), _raised(_of_a_cause)])


# And what has to be left of each, since somebody must be able to act on it.
_ERRORS: Final[dict[str, tuple[Callable[[], object], tuple[str, ...]]]] = {
    "row": (_of_a_row, ("NotNullViolationError: null value in column",)),
    "reference": (_of_a_reference, ("DataError: invalid input syntax for type uuid:",)),
    "input": (_of_an_input, ("2 validation errors", "type=int_parsing", "input_type=str")),
    "key": (_of_a_key, ("EndpointConnectionError: Could not connect to the endpoint URL:",)),
    "parameter": (_of_a_parameter, ("Invalid bucket name",)),
    "request": (_of_a_request, ("HTTPStatusError: Client error",)),
    "model": (_of_a_model, ("RuntimeError: Error code: 400",)),
    "path": (_of_a_path, ("FileNotFoundError: [Errno 2] No such file or directory",)),
    "cause": (
        _of_a_cause,
        ("KeyError", "ValueError: [redacted] has not been seen at /v1/invitations/[redacted]"),
    ),
    "several": (_of_several, ("two failed", "EndpointConnectionError", "KeyError")),
}


@pytest.mark.parametrize("kind", _ERRORS)
def test_a_trace_says_what_failed_where_and_not_for_whom(kind: str) -> None:
    fail, kept = _ERRORS[kind]
    trace = scrubbed_trace(_raised(fail))
    assert "zq" not in trace.lower()
    assert fail.__name__ in trace
    for words in kept:
        assert words in trace


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("too many connections already", "too many connections already"),
        ("analysis.rpc.erase: TimeoutError", "analysis.rpc.erase: TimeoutError"),
        ("/v1/invitations/{token}/accept", "/v1/invitations/{token}/accept"),
        ("can't read zq's page", "can[redacted]s page"),
        ("nats://gateway:zq@10.0.0.1:4222 is away", "nats://10.0.0.1:4222 is away"),
        ("GET https://api.example/zq?q=zq failed", "GET https://api.example/[redacted] failed"),
        ("sent to zq@zq.example, twice", "sent to [redacted], twice"),
        ("no object profiles/v1/zq.json", "no object profiles/v1/[redacted]"),
    ],
)
def test_of_a_text_everything_stays_that_is_ours(text: str, kept: str) -> None:
    assert scrub_text(text) == kept


def test_a_long_text_is_cut_and_values_of_any_kind_are_scrubbed() -> None:
    assert len(scrub_text("x" * 100_000)) < 2_010
    assert scrub_text(f"Error code: 400, {PROMPT * 1_000}") == "Error code: 400, You score [redacted]"
    assert scrub_value([1, None, {"reason": "no 'zq'", "username": "zq"}, {"'zq'"}, b"zq"]) == [
        1,
        None,
        {"reason": "no [redacted]", "username": "[redacted]"},
        ["[redacted]"],
        "b[redacted]",
    ]


class Ingest(Transport):
    """Keeps what would be sent."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.sent: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent += [item.payload.json for item in envelope.items]


@pytest.mark.parametrize("kind", _ERRORS)
def test_an_event_for_sentry_holds_the_error_alone(kind: str) -> None:
    fail, kept = _ERRORS[kind]
    ingest = Ingest()
    client = sentry_sdk.Client(
        dsn="http://key@127.0.0.1:9/1", transport=ingest, before_send=scrub_event, default_integrations=False
    )
    scope = sentry_sdk.Scope()
    scope.set_user({"id": "zq", "email": MAIL})
    scope.set_extra("profile", {"biography": BIO})
    scope.set_context("prompt", {"text": PROMPT})
    scope.set_tag("run_id", "run-1")
    scope.set_tag("username", NAME)
    scope.set_transaction_name(f"/v1/leads/{NAME}")
    scope.add_breadcrumb(message=PROMPT, data={"url": f"https://api.example/{NAME}"})
    event, hint = event_from_exception(_raised(fail), client_options=client.options)
    event["request"] = {
        "url": f"http://gateway/v1/leads?text={NAME}",
        "query_string": "ticket=zq",
        "data": {"username": NAME},
    }
    client.capture_event(event, hint, scope)
    [sent] = ingest.sent
    client.close()
    text = json.dumps(sent)
    assert "zq" not in text.lower()
    assert sent["tags"] == {"run_id": "run-1"}
    assert {
        frame["function"] for error in sent["exception"]["values"] for frame in error["stacktrace"]["frames"]
    } >= {fail.__name__}
    reported = "\n".join(f"{error['type']}: {error['value']}" for error in sent["exception"]["values"])
    for words in kept:
        assert words in reported


def test_spans_are_not_sent_and_a_message_is_sent_without_its_arguments() -> None:
    assert scrub_event({"type": "transaction", "spans": []}) is None
    message = {
        "logentry": {"message": "%s failed", "formatted": "zq failed", "params": ["zq"]},
        "level": "error",
    }
    assert scrub_event(message) == {"level": "error", "logentry": {"message": "%s failed"}, "tags": {}}


def test_the_errors_of_this_test_do_hold_what_they_must_not_tell() -> None:
    for fail, _ in _ERRORS.values():
        error = _raised(fail)
        whole = [error, error.__cause__, *(error.exceptions if isinstance(error, ExceptionGroup) else ())]
        assert any("zq" in str(one) for one in whole)
    assert isinstance(_raised(_of_an_input), ValidationError)
