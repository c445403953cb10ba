"""`python -m oslira_gateway.webhooks`: the process that sends webhooks."""

from oslira_shared.settings import load_settings

from oslira_gateway.webhooks.settings import SenderSettings

if __name__ == "__main__":
    settings = load_settings(SenderSettings)
    # After the settings: a wrong one is named before everything else is imported.
    from oslira_shared.runtime import run

    from oslira_gateway.webhooks.bootstrap import build

    run(settings, build)
