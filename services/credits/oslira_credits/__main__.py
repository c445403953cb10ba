"""python -m oslira_credits."""

from oslira_shared.runtime import run
from oslira_shared.settings import load_settings

from oslira_credits.bootstrap import build
from oslira_credits.settings import CreditsSettings

if __name__ == "__main__":
    run(load_settings(CreditsSettings), build)
