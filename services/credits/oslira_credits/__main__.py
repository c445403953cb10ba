"""`python -m oslira_credits`."""

from oslira_shared.settings import load_settings

from oslira_credits.settings import CreditsSettings

if __name__ == "__main__":
    settings = load_settings(CreditsSettings)
    # After the settings: a wrong one is named before everything else is imported.
    from oslira_shared.runtime import run

    from oslira_credits.bootstrap import build

    run(settings, build)
