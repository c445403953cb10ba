"""python -m oslira_analysis."""

from oslira_shared.runtime import run
from oslira_shared.settings import load_settings

from oslira_analysis.bootstrap import build
from oslira_analysis.settings import AnalysisSettings

run(load_settings(AnalysisSettings), build)
