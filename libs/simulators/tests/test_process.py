"""The simulators as a process of their own."""

import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from oslira_devstack.ports import free_port


@contextmanager
def _process(*options: str) -> Generator[str]:
    port = free_port()
    command = [sys.executable, "-m", "oslira_simulators", "--port", str(port), *options]
    process = subprocess.Popen(command)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(5)


def _await_health(url: str) -> None:
    while True:
        try:
            httpx.get(f"{url}/_sim/health").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return


def test_it_starts_quickly_and_serves_the_folder_that_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "luna.json").write_text('{"username": "luna", "followersCount": 7}')
    started_at_s = time.monotonic()
    with _process("--speed", "1000", "--profiles", str(tmp_path), "--seed", "3", "--model", "fixed:2") as url:
        _await_health(url)
        assert time.monotonic() - started_at_s < 3  # 0.2 s alone; leave room for a busy machine
        settings = httpx.get(f"{url}/_sim/config").json()
        assert settings == {
            "speed": 1000,
            "seed": 3,
            "latencies": {"scrape": "uniform:6:12", "model": "uniform:2:2"},
            "models": {"today": None, "missing": [], "shutdown_dates": {}},
        }
        started = httpx.post(
            f"{url}/apify/v2/actors/a~b/runs?token=t&waitForFinish=5", json={"usernames": ["luna"]}
        ).json()["data"]
        items = httpx.get(f"{url}/apify/v2/datasets/{started['defaultDatasetId']}/items?token=t")
        assert items.json() == [{"username": "luna", "followersCount": 7}]
        assert items.headers["x-apify-pagination-total"] == "1"


@pytest.mark.parametrize("path", ["/nowhere", "/apify/v2/nowhere", "/_sim/nowhere"])
def test_an_unknown_path_is_404(simulator_url: str, path: str) -> None:
    assert httpx.get(f"{simulator_url}{path}").status_code == 404
