"""Settings from the environment: their types, the rules for a deployment, and how a wrong one ends the start."""

from oslira_shared.settings.base import DEVELOPMENT_MARK, ELSEWHERE, Env, Settings
from oslira_shared.settings.bus import BusSettings
from oslira_shared.settings.load import EX_CONFIG, EX_TEMPFAIL, load_settings
from oslira_shared.settings.process import ProcessSettings
from oslira_shared.settings.service import ServiceSettings
from oslira_shared.settings.values import is_local

__all__ = [
    "DEVELOPMENT_MARK",
    "ELSEWHERE",
    "EX_CONFIG",
    "EX_TEMPFAIL",
    "BusSettings",
    "Env",
    "ProcessSettings",
    "ServiceSettings",
    "Settings",
    "is_local",
    "load_settings",
]
