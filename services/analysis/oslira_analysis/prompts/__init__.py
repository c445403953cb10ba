"""Prompts as versioned files: `<task>/v<N>.md`. A change of wording that matters is a new file, not an edit."""

from functools import cache
from importlib.resources import files
from typing import Final

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.prompt import Instructions, Prompt, build_prompt

CURRENT: Final = {"light": "v1"}


@cache
def load_instructions(task: str) -> Instructions:
    """The current instructions of a task, read once per process. Raises KeyError for an unknown task."""
    version = CURRENT[task]
    text = files(__name__).joinpath(task, f"{version}.md").read_text(encoding="utf-8")
    return Instructions(text=text, version=f"{task}/{version}")


def build_light_prompt(business: BusinessContext, profile: Profile, facts: ProfileFacts) -> Prompt:
    """The light analysis's one call; it answers by `json_schema_strict(LightAnswer)`."""
    return build_prompt(load_instructions("light"), business, profile, facts)
