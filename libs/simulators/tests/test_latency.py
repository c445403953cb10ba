"""Draws are seeded, recorded and independent of arrival order."""

import pytest
from oslira_simulators.latency import Latencies, LogNormal, Uniform, parse_distribution

from .conftest import Sim


def _latencies(seed: int, speed: float = 1.0) -> Latencies:
    return Latencies(distributions={"scrape": Uniform(6, 12), "model": Uniform(1, 4)}, speed=speed, seed=seed)


def test_draws_depend_on_seed_and_name_but_not_on_order() -> None:
    first, second, other = _latencies(1), _latencies(1), _latencies(2)
    names = [f"name{number}" for number in range(50)]
    forward = {name: first.draw("scrape", username=name, label="a").drawn_s for name in names}
    backward = {name: second.draw("scrape", username=name, label="a").drawn_s for name in reversed(names)}
    assert forward == backward
    assert all(6 <= drawn_s <= 12 for drawn_s in forward.values())
    assert forward["name0"] != other.draw("scrape", username="name0", label="a").drawn_s
    assert forward["name0"] != first.draw("scrape", username="name0", label="a").drawn_s


def test_speed_divides_what_was_drawn() -> None:
    slow = _latencies(1).draw("model", username="a", label="gpt-5/x")
    fast = _latencies(1, speed=10).draw("model", username="a", label="gpt-5/x")
    assert slow.drawn_s == fast.drawn_s == pytest.approx(fast.duration_s * 10)


def test_a_model_may_have_a_latency_of_its_own() -> None:
    latencies = _latencies(1)
    latencies.distributions["model:gpt-5"] = Uniform(20, 20)
    assert latencies.draw("model", username="a", label="gpt-5/x").drawn_s == 20
    assert latencies.draw("model", username="a", label="gpt-5-mini/x").drawn_s < 5


def test_distributions_are_read_from_text() -> None:
    assert parse_distribution("uniform:6:12") == Uniform(6, 12)
    assert parse_distribution("lognormal:8:0.4") == LogNormal(8, 0.4)
    assert parse_distribution("fixed:3") == Uniform(3, 3)
    for wrong in ("uniform:6", "uniform:9:1", "often", "fixed:x"):
        with pytest.raises(ValueError, match=r".+"):
            parse_distribution(wrong)


async def test_settings_change_while_it_runs_and_draws_can_be_read(sim: Sim) -> None:
    settings = await sim.post("config", speed=1000, latencies={"scrape": "fixed:5"})
    assert settings["latencies"]["scrape"] == "uniform:5:5"
    await sim.http.post(f"{sim.url}/apify/v2/actors/a~b/runs?token=t", json={"usernames": ["nasa"]})
    [draw] = (await sim.http.get(f"{sim.url}/_sim/draws")).json()["draws"]
    assert (draw["kind"], draw["username"], draw["drawn_s"], draw["duration_s"]) == (
        "scrape",
        "nasa",
        5,
        0.005,
    )
    refused = await sim.http.post(f"{sim.url}/_sim/config", json={"speed": 0})
    assert refused.status_code == 400
