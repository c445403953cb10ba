"""One table says whose fault a failed run is; the success rate that alerts read is computed from the same codes."""

import re
from pathlib import Path

import yaml
from oslira_shared.contracts.run_errors import RUN_ERRORS, VERDICTS, Cause, cause_of
from oslira_shared.errors import CODES, Kind

_ROOT = Path(__file__).parents[4]
_OTHER_REFUSALS = {"cancelled"}


def test_every_code_that_ends_a_run_has_a_cause() -> None:
    refused = {code for code, kind in CODES.items() if kind is Kind.REFUSED} - _OTHER_REFUSALS
    assert refused <= RUN_ERRORS.keys()
    assert set(RUN_ERRORS) <= set(CODES)


def test_every_ending_in_the_engine_has_a_cause() -> None:
    sources = (_ROOT / "services/analysis/oslira_analysis").rglob("*.py")
    codes = {code for path in sources for code in re.findall(r"\bEnding\(\s*\"([a-z_]+)\"", path.read_text())}
    assert codes
    assert codes <= RUN_ERRORS.keys()


def test_an_unknown_code_is_our_fault_and_a_private_profile_is_not() -> None:
    assert cause_of("invented_later") is Cause.OURS
    assert cause_of("profile_private") is Cause.VERDICT
    assert "profile_private" in VERDICTS


def test_the_success_rate_of_alerts_leaves_out_verdicts_and_nothing_else() -> None:
    faults = {code for code, cause in RUN_ERRORS.items() if cause is not Cause.VERDICT}
    rules = yaml.safe_load((_ROOT / "deploy/observability/prometheus/recording.yml").read_text())
    by_name = {rule["record"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    for name in ("oslira:runs_completed:ratio_1h", "oslira:runs_ended_by_us:increase_1h"):
        (listed,) = re.findall(r"outcome=~\"([a-z_|]+)\"", by_name[name])
        assert set(listed.split("|")) == {"completed", *faults}, name
