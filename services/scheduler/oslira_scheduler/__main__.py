"""`python -m oslira_scheduler`."""

from oslira_shared.settings import load_settings

from oslira_scheduler.settings import SchedulerSettings

if __name__ == "__main__":
    settings = load_settings(SchedulerSettings)
    # After the settings: a wrong one is named before everything else is imported.
    from oslira_shared.runtime import run

    from oslira_scheduler.bootstrap import build

    run(settings, build)
