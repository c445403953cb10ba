"""What `make bench` prints: ratios of the same number in flight, and what one run used."""

from typing import Any

from oslira_proof.bench.report import lines_of
from oslira_proof.bench.usage import Usage


def _speed(runs_s: float) -> dict[str, float]:
    return {"runs_s": runs_s, "p50_ms": 1.0, "p99_ms": 2.0, "accept_p99_ms": 3.0}


def test_ratios_compare_the_same_number_in_flight() -> None:
    counts = {
        "cpu_ms": {"analysis": 20.0, "simulators": 4.0},
        "cpu_ms_in_all": 20.0,
        "statements": 50.0,
        "transactions": 30.0,
        "wal_bytes": 40_000,
        "messages_in": 25.0,
        "messages_out": 30.0,
    }
    found: dict[str, Any] = {
        "at": "now",
        "cores": 2,
        "load_before": 0.1,
        "load_after": 1.9,
        "ours": {"1": {**_speed(10.0), **counts}, "20": {**_speed(30.0), **counts}},
        "floor": {"1": _speed(40.0), "20": _speed(60.0)},
    }
    floor = [line.split()[-1] for line in lines_of(found) if line.startswith("nats-py")]
    assert floor == ["0.25", "0.50"]


def test_what_a_run_used_is_the_difference_of_two_readings_divided_by_the_runs() -> None:
    before = Usage({"analysis": 100.0}, 10, 5, 1_000, 20, 30)
    after = Usage({"analysis": 300.0, "simulators": 50.0}, 110, 55, 11_000, 120, 130)
    used = after.since(before).of_runs(10)
    assert used == Usage({"analysis": 20.0, "simulators": 5.0}, 10.0, 5.0, 1_000, 10.0, 10.0)
    assert used.cpu_of("simulators") == 20.0
