from hypothesis import given
from hypothesis import strategies as st
from oslira_analysis.domain.results.parts import UNKNOWN_SCORE, Part, clamp, weighted_total

SCORES = st.lists(st.none() | st.integers(0, 100), min_size=3, max_size=3)


def a_total(scores: list[int | None]) -> int:
    weights = (60, 25, 15)
    return weighted_total({str(n): Part(score=score, weight=weights[n]) for n, score in enumerate(scores)})


def test_an_unknown_part_keeps_its_weight_and_counts_as_a_poor_one() -> None:
    assert a_total([80, None, 40]) == a_total([80, UNKNOWN_SCORE, 40]) == 56


@given(SCORES)
def test_the_total_lies_between_what_its_parts_count(scores: list[int | None]) -> None:
    counted = [UNKNOWN_SCORE if score is None else score for score in scores]
    assert min(counted) <= a_total(scores) <= max(counted)


def test_scores_stay_within_bounds() -> None:
    assert [clamp(value) for value in (-5.0, 49.6, 250.0)] == [0, 50, 100]
