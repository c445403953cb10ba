"""`python -m oslira_gateway.console`."""

from oslira_shared.settings import load_settings

from oslira_gateway.console.process import run
from oslira_gateway.console.settings import ConsoleSettings

if __name__ == "__main__":
    run(load_settings(ConsoleSettings))
