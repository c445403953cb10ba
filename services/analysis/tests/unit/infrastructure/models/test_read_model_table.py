"""MODEL_TABLE: what it may change, and that an error in it stops the start with one line."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from oslira_analysis.domain.models.model_table import ROLES, InvalidTable, ModelTable
from oslira_analysis.infrastructure.models.read_model_table import read_model_table
from oslira_analysis.settings import AnalysisSettings
from oslira_shared.settings import EX_CONFIG, load_settings


def told(**changes: Any) -> ModelTable:
    return read_model_table(json.dumps(changes))


def test_without_it_the_built_in_table_is_used() -> None:
    assert read_model_table("") == ModelTable() == read_model_table("  {}  ")


def test_a_row_is_changed_in_the_fields_that_are_given() -> None:
    table = told(light={"model": "gpt-4o-mini"}, psychographic={"effort": "high", "output_tokens": 9_000})
    assert table.roles["light"].model == "gpt-4o-mini"
    assert table.roles["light"].fallback == ROLES["light"].fallback
    assert (table.roles["psychographic"].effort, table.roles["psychographic"].output_tokens) == (
        "high",
        9_000,
    )
    assert table.roles["core"] == ROLES["core"]


def test_it_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text('\n{"core": {"model": "gpt-6-sol"}}\n')
    assert read_model_table(str(path)).roles["core"].model == "gpt-6-sol"


def test_a_model_that_the_catalogue_lacks_is_named_with_its_family() -> None:
    table = told(
        core={"model": "gpt-5.6-terra"},
        models={
            "gpt-5.6-terra": {"family": "gpt-6", "shuts_down_on": "2027-07-01", "successor": "gpt-6.1-terra"}
        },
    )
    assert table.shuts_down_on("gpt-5.6-terra", {}) == date(2027, 7, 1)
    assert [model.name for model in table.chain("gpt-5.6-terra")] == ["gpt-5.6-terra", "gpt-6.1-terra"]


def test_a_models_row_may_have_a_shutdown_date_and_a_successor() -> None:
    table = told(light={"shuts_down_on": "2027-03-01", "successor": "gpt-6-sol"}, core={"successor": None})
    assert table.shuts_down_on("gpt-6-luna", {}) == date(2027, 3, 1)
    assert [model.name for model in table.chain("gpt-6-luna")] == ["gpt-6-luna", "gpt-6-sol"]
    assert [model.name for model in table.chain("gpt-6.1-terra")] == ["gpt-6.1-terra"]


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("{not json", "Invalid JSON"),
        ("[]", "neither a JSON object nor a readable file"),
        ("/no/such/file.json", "neither a JSON object nor a readable file"),
        ('{"lite": {}}', "lite: Input should be 'light', 'core'"),
        ('{"light": "gpt-6-luna"}', "light: Input should be an object"),
        ('{"light": {"modle": "gpt-6-luna"}}', "light.modle: Extra inputs are not permitted"),
        ('{"light": {"mo\\ndle": "x"}}', "light.mo dle: Extra inputs are not permitted"),
        ('{"light": {"model": "gpt\\nx"}}', "light.model: String should match pattern"),
        (
            '{"models": {"gpt-6-luna": {"most_output_tokens": null}}}',
            "most_output_tokens: Input should be a valid",
        ),
        ('{"models": {"gpt-6-luna": {"family": null}}}', "unknown family None"),
        ('{"models": null}', "models: Input should be an object"),
        ('{"light": {"successor": "gpt-6-luna"}}', "gpt-6-luna is its own successor"),
        ('{"light": {"output_tokens": -1}}', "output_tokens is at least 256"),
        ('{"light": {"effort": "some"}}', "light.effort: Input should be 'none', 'minimal'"),
        (
            '{"light": {"effort": "minimal"}}',
            "role light: gpt-6-luna takes no effort 'minimal', only none, low",
        ),
        (
            '{"light": {"model": "gpt-4o-mini", "effort": "low"}}',
            "gpt-4o-mini takes no effort 'low', only none",
        ),
        ('{"light": {"temperature": 3}}', "light.temperature: Input should be less than or equal to 2"),
        ('{"light": {"output_tokens": 200000}}', "gpt-6-luna gives at most 128000 tokens"),
        ('{"light": {"model": "gpt-9"}}', "role light: unknown model 'gpt-9'"),
        ('{"light": {"model": "gpt-9", "successor": "gpt-6-luna"}}', "role light: unknown model 'gpt-9'"),
        ('{"light": {"fallback": "gpt-6-luna"}}', "gpt-6-luna is not a model of anthropic"),
        ('{"models": {"gpt-9": {}}}', "models.gpt-9: family is missing, one of gpt-4"),
        ('{"models": {"gpt-9": {"family": "gpt-9"}}}', "models.gpt-9: unknown family 'gpt-9'"),
        (
            '{"light": {"model": "gpt-9-unpriced"}, "models": {"gpt-9-unpriced": {"family": "gpt-6"}}}',
            "gpt-9-unpriced has no known price",
        ),
    ],
)
def test_an_error_is_reported_in_one_line(setting: str, problem: str) -> None:
    with pytest.raises(InvalidTable) as refused:
        read_model_table(setting)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_wrong_table_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {
        "OSLIRA_ENV": "development",
        "NATS_URL": "nats://n",
        "DATABASE_URL": "postgresql://d/d",
        "S3_BUCKET": "bucket",
        "AWS_REGION": "eu-central-1",
    }
    for name, value in {**values, "MODEL_TABLE": '{"light": {"model": "gpt-9"}}'}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load_settings(AnalysisSettings)
    assert stopped.value.code == EX_CONFIG
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("analysis cannot start: MODEL_TABLE: role light: unknown model 'gpt-9'")
