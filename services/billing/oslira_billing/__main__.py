"""`python -m oslira_billing`."""

from oslira_shared.settings import load_settings

from oslira_billing.settings import BillingSettings

if __name__ == "__main__":
    settings = load_settings(BillingSettings)
    # After the settings: a wrong one is named before everything else is imported.
    from oslira_shared.runtime import run

    from oslira_billing.bootstrap import build

    run(settings, build)
