"""`python -m oslira_gateway`."""

from oslira_shared.settings import load_settings

from oslira_gateway.settings import GatewaySettings

if __name__ == "__main__":
    settings = load_settings(GatewaySettings)
    # After the settings: a wrong one is named before everything else is imported.
    from oslira_shared.runtime import run

    from oslira_gateway.bootstrap import build

    run(settings, build)
