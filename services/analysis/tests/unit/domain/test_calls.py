"""The table of model calls."""

from oslira_analysis.domain.answer_schema import json_schema_strict
from oslira_analysis.domain.calls import SCORE


def test_the_score_call_answers_by_a_schema_that_strict_mode_takes() -> None:
    schema = json_schema_strict(SCORE.answer)
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    assert SCORE.output_tokens > 0
