from datetime import UTC, datetime, timedelta

import pytest
from oslira_scheduler.application.publish_tick import CRONS
from oslira_scheduler.domain.cron import Cron
from oslira_scheduler.domain.cron_job import LATE, late_schedule, parse_slot
from oslira_scheduler.tick import main, moment
from oslira_shared.contracts.jobs import JOBS, Job

SCHEDULED = datetime(2026, 11, 1, 3, 10, tzinfo=UTC)
MINUTES = int(SCHEDULED.timestamp()) // 60


@pytest.mark.parametrize("job", JOBS, ids=[job.name for job in JOBS])
def test_a_cron_job_fires_ten_minutes_after_the_slot_it_means(job: Job) -> None:
    slot = CRONS[job.name].latest(datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert Cron.parse(late_schedule(job.cron)).latest(slot + timedelta(minutes=30)) == slot + LATE


def test_an_expression_that_would_leave_its_hour_is_refused() -> None:
    with pytest.raises(ValueError, match="next hour"):
        late_schedule("55 * * * *")


def test_the_slot_is_that_of_the_scheduled_time_however_late_the_pod_runs() -> None:
    two_hours_late = SCHEDULED + timedelta(hours=2)
    by_name = parse_slot(scheduled_at="", job_name=f"daily-cleanup-{MINUTES}", now=two_hours_late)
    by_annotation = parse_slot(scheduled_at="2026-11-01T03:10:00Z", job_name="whatever", now=two_hours_late)
    assert by_name == by_annotation == datetime(2026, 11, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "daily-cleanup-now", "by-hand-1", "x-99999999999999999999", "x-²"])
def test_a_job_made_by_hand_means_now(name: str) -> None:
    assert parse_slot(scheduled_at="", job_name=name, now=SCHEDULED) == SCHEDULED


def test_a_slot_that_is_given_wins_and_is_utc() -> None:
    variables = {"OSLIRA_CRON_JOB_NAME": f"x-{MINUTES}"}
    assert moment("2026-10-01T03:00", variables, SCHEDULED) == datetime(2026, 10, 1, 3, tzinfo=UTC)
    assert moment(None, variables, SCHEDULED) == SCHEDULED - LATE


def test_without_an_address_or_with_a_text_that_is_no_time_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NATS_URL", raising=False)
    assert main(["daily-cleanup", "--slot", "noon"], {}) == 2
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["daily-cleanup"], {})
    assert ended.value.code == 78
    assert capsys.readouterr().err == "tick cannot start: NATS_URL: Field required\n"
