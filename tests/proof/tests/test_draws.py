"""The best possible wall time, from what the providers took."""

import pytest
from oslira_proof.promises.draws import ProviderTime, batches_s, best_possible_s


def taken(*pairs: tuple[float, float]) -> list[ProviderTime]:
    return [ProviderTime(f"n{number}", float(number), *pair) for number, pair in enumerate(pairs)]


@pytest.mark.parametrize(
    ("pairs", "slots", "best_s"),
    [
        pytest.param([(6.0, 2.0)], 10, 8.0, id="one"),
        # The third scrape begins when the first ends, at 6; calls hold no slot.
        pytest.param([(6.0, 4.0), (9.0, 1.0), (5.0, 2.0)], 2, 13.0, id="two-slots"),
        pytest.param([(1.0, 9.0), (1.0, 1.0), (1.0, 1.0)], 1, 10.0, id="a-slow-call-early"),
        pytest.param([], 10, 0.0, id="none"),
    ],
)
def test_the_best_possible_gives_each_scrape_the_slot_that_is_free_first(
    pairs: list[tuple[float, float]], slots: int, best_s: float
) -> None:
    assert best_possible_s(taken(*pairs), slots=slots) == best_s


def test_batches_are_as_slow_as_their_slowest() -> None:
    assert batches_s(taken((6.0, 2.0), (9.0, 1.0), (5.0, 2.0)), size=2) == 10.0 + 7.0
