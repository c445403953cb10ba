from hypothesis import given
from hypothesis import strategies as st
from oslira_analysis.domain.parts import Part, clamp, share_weights, weighted_total

PARTS = st.dictionaries(
    st.sampled_from("abcde"),
    st.builds(Part, score=st.none() | st.integers(0, 100), weight=st.integers(1, 100)),
)


def test_an_unknown_parts_weight_goes_to_the_others() -> None:
    shared = share_weights(
        {
            "a": Part(score=80, weight=60),
            "b": Part(score=None, weight=25, reason="thin"),
            "c": Part(score=40, weight=15),
        }
    )
    assert {name: part.weight for name, part in shared.items()} == {"a": 80, "b": 0, "c": 20}
    assert shared["b"].reason == "thin"
    assert weighted_total(shared) == 72


def test_no_known_part_gives_nothing() -> None:
    shared = share_weights({"a": Part(score=None, weight=60, reason="thin")})
    assert (shared["a"].weight, weighted_total(shared)) == (0, 0)


@given(PARTS)
def test_weights_sum_to_100_and_the_total_lies_between_its_parts(parts: dict[str, Part]) -> None:
    shared = share_weights(parts)
    scores = [part.score for part in shared.values() if part.score is not None]
    if scores:
        assert sum(part.weight for part in shared.values()) == 100
        assert min(scores) <= weighted_total(shared) <= max(scores)


def test_scores_stay_within_bounds() -> None:
    assert [clamp(value) for value in (-5.0, 49.6, 250.0)] == [0, 50, 100]
