"""`python -m oslira_scheduler`."""

from oslira_shared.runtime import run
from oslira_shared.settings import load_settings

from oslira_scheduler.bootstrap import build
from oslira_scheduler.settings import SchedulerSettings

if __name__ == "__main__":
    run(load_settings(SchedulerSettings), build)
