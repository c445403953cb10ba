"""Every wrong setting of the list ends the start: 78, one line that begins with the setting's name, and never its secret."""

import os
from pathlib import Path
from typing import Final

import pytest
from oslira_analysis.settings import AnalysisSettings
from oslira_billing.settings import BillingSettings
from oslira_credits.settings import CreditsSettings
from oslira_gateway.settings import GatewaySettings
from oslira_gateway.webhooks.settings import SenderSettings
from oslira_scheduler.settings import SchedulerSettings, TickSettings
from oslira_shared.settings import Settings, load_settings
from oslira_shared.settings.provision import ProvisionSettings
from wrong_settings import PRODUCTION, SECRET, wrong_settings

KINDS: Final[dict[str, type[Settings]]] = {
    "gateway": GatewaySettings,
    "webhooks": SenderSettings,
    "credits": CreditsSettings,
    "analysis": AnalysisSettings,
    "billing": BillingSettings,
    "scheduler": SchedulerSettings,
    "provision": ProvisionSettings,
    "tick": TickSettings,
}


def _only(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("program", KINDS)
def test_the_list_differs_from_settings_that_work(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(dict(PRODUCTION), monkeypatch)
    load_settings(KINDS[program])


def test_each_wrong_setting_is_named_in_one_line_without_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = wrong_settings(tmp_path)
    assert len(cases) >= 40
    said: dict[str, tuple[object, list[str]]] = {}
    for name, case in cases.items():
        _only(case.environment(), monkeypatch)
        with pytest.raises(SystemExit) as ended:
            load_settings(KINDS[case.program])
        said[name] = (ended.value.code, capsys.readouterr().err.splitlines())
    wrong = {
        name: (code, lines)
        for name, (code, lines) in said.items()
        if code != 78
        or len(lines) != 1
        or not lines[0].partition("cannot start: ")[2].startswith(cases[name].named)
        or SECRET in lines[0]
    }
    assert wrong == {}
