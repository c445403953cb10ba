"""Which errors of the suppliers say that a model is missing; the bodies are as their SDKs hand them over."""

from typing import Any

import pytest
from oslira_analysis.infrastructure.models.model_errors import model_not_found


class Failed(Exception):  # noqa: N818
    """As much of an SDK's APIStatusError as is read."""

    def __init__(self, status_code: int, body: Any) -> None:
        super().__init__()
        self.status_code, self.body = status_code, body


OPENAI = {
    "message": "The model `x` does not exist …",
    "type": "invalid_request_error",
    "code": "model_not_found",
}
ANTHROPIC = {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-x"}}


@pytest.mark.parametrize(
    ("status", "body", "is_missing"),
    [
        (404, OPENAI, True),
        (403, OPENAI, True),  # the project has no access to it
        (400, OPENAI, True),
        (404, {"error": OPENAI}, True),  # a gateway in between
        (404, ANTHROPIC, True),
        (404, {**OPENAI, "code": None}, False),
        (404, {"type": "error", "error": {"type": "not_found_error", "message": "Not Found"}}, False),
        (404, "<html>no such page</html>", False),
        (404, None, False),
        (404, {"error": "not found"}, False),
        (500, OPENAI, False),
        (429, OPENAI, False),
    ],
)
def test_only_an_error_about_the_model_is_about_the_model(
    status: int, body: Any, *, is_missing: bool
) -> None:
    found = model_not_found(Failed(status, body))
    assert (str(found) if found else None) == (f"{status} model_not_found" if is_missing else None)


def test_an_error_without_a_status_is_not_about_the_model() -> None:
    assert model_not_found(ConnectionError()) is None
