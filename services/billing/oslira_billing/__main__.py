"""`python -m oslira_billing`."""

from oslira_shared.runtime import run
from oslira_shared.settings import load_settings

from oslira_billing.bootstrap import build
from oslira_billing.settings import BillingSettings

if __name__ == "__main__":
    run(load_settings(BillingSettings), build)
