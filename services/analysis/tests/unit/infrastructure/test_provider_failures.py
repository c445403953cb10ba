"""Classification of model suppliers' errors; the texts are real ones."""

import pytest
from oslira_analysis.application.model_ports import ProviderFailed
from oslira_analysis.infrastructure.models.provider_requests import failure_of


class Failed(Exception):  # noqa: N818
    """As much of an SDK's APIStatusError as is read."""

    def __init__(self, status_code: int, said: str) -> None:
        super().__init__(f"Error code: {status_code} - {said}")
        self.status_code = status_code


ANTHROPIC = "{{'type': 'error', 'error': {{'type': '{}', 'message': '{}'}}}}"
OPENAI = "{{'error': {{'message': '{}', 'type': '{}', 'code': '{}'}}}}"


@pytest.mark.parametrize(
    ("status", "said", "trouble"),
    [
        (429, OPENAI.format("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), "used_up"),
        (429, OPENAI.format("Your account is not active", "billing_not_active", "billing_not_active"), "used_up"),
        (400, OPENAI.format("Billing hard limit has been reached", "x", "billing_hard_limit_reached"), "used_up"),
        (400, ANTHROPIC.format("invalid_request_error", "Your credit balance is too low to access the API"), "used_up"),
        (
            400,
            ANTHROPIC.format(
                "invalid_request_error",
                "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
            ),
            "used_up",
        ),
        (402, ANTHROPIC.format("billing_error", "There is an issue with your billing"), "used_up"),
        (403, ANTHROPIC.format("billing_error", "There is an issue with your billing"), "used_up"),
        (401, OPENAI.format("Incorrect API key provided", "x", "invalid_api_key"), "key_refused"),
        (403, ANTHROPIC.format("permission_error", "Your API key does not have permission"), "key_refused"),
        (400, ANTHROPIC.format("invalid_request_error", "This organization has been disabled."), "key_refused"),
        (429, OPENAI.format("Rate limit reached for requests", "requests", "rate_limit_exceeded"), "limited"),
        (529, ANTHROPIC.format("overloaded_error", "Overloaded"), "outage"),
        (400, ANTHROPIC.format("invalid_request_error", "prompt is too long"), None),
        (422, OPENAI.format("Unprocessable", "x", "y"), None),
    ],
)  # fmt: skip
def test_only_a_request_that_is_wrong_itself_is_final(status: int, said: str, trouble: str | None) -> None:
    failure = failure_of(Failed(status, said))
    assert (failure.trouble if isinstance(failure, ProviderFailed) else None) == trouble
