"""`oslira compose-env`: docker-compose.yml has all variables that it needs, and a second run changes no secret."""

import json
import re
import stat
from pathlib import Path

import pytest
from oslira_devstack import compose
from oslira_shared.bus.nkeys import holds
from oslira_shared.settings import DEVELOPMENT_MARK

_ROOT = Path(__file__).parents[4]
_ASKED_FOR = re.compile(r"\$\{(\w+):\?")


def _values(dotenv: Path) -> dict[str, str]:
    lines = [line for line in dotenv.read_text().splitlines() if not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def test_everything_that_compose_asks_for_is_made_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_SECRET_KEY"):
        monkeypatch.delenv(key, raising=False)
    dotenv, nats = compose.write(tmp_path)
    made = _values(dotenv)
    asked = set(_ASKED_FOR.findall((_ROOT / "docker-compose.yml").read_text()))
    assert asked <= made.keys()
    for name in asked:
        assert DEVELOPMENT_MARK in made[name] or holds(made[name], DEVELOPMENT_MARK.encode())
    assert made["APIFY_API_URL"] == "http://simulators:8089/apify"
    assert json.loads(made["STRIPE_PRICES"])
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600
    assert stat.S_IMODE(nats.parent.stat().st_mode) == 0o700
    assert json.loads(nats.read_text())["listen"] == "0.0.0.0:4222"

    dotenv.write_text(dotenv.read_text() + "OSLIRA_PORT=18080\n")
    monkeypatch.setenv("APIFY_TOKEN", "apify_api_real")
    again, _ = compose.write(tmp_path)
    kept = _values(again)
    assert kept["JWT_SECRET"] == made["JWT_SECRET"]
    assert (kept["OSLIRA_PORT"], kept["APIFY_TOKEN"], kept["APIFY_API_URL"]) == (
        "18080",
        "apify_api_real",
        "",
    )


def test_other_lines_and_their_order_stay() -> None:
    text = compose.merged("# mine\nA=1\nB=2\n", {"B": 'x "y"', "C": "3"})
    assert text == "# mine\nA=1\nB='x \"y\"'\nC=3\n"
