"""`python -m oslira_analysis`."""

from oslira_shared.settings import load_settings

from oslira_analysis.settings import AnalysisSettings

if __name__ == "__main__":
    settings = load_settings(AnalysisSettings)
    # After the settings: a wrong one is named before everything else is imported.
    from oslira_shared.runtime import run

    from oslira_analysis.bootstrap import build

    run(settings, build)
