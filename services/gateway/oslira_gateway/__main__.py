"""`python -m oslira_gateway`."""

from oslira_shared.runtime import run
from oslira_shared.settings import load_settings

from oslira_gateway.bootstrap import build
from oslira_gateway.settings import GatewaySettings

if __name__ == "__main__":
    run(load_settings(GatewaySettings), build)
