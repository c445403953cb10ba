"""Prompts as versioned files: `<task>/v<N>.md`. A relevant change of the text is a new file, not an edit.

The tasks of the deeper types start with the same rules: their prompts share a long prefix, which caches from one call to the
next, and each rule is in one place.
"""

from functools import cache
from importlib.resources import files
from typing import Final

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.models.calls import Call
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.prompts.prompt import Instructions, Prompt, build_prompt

# The files of each task, in their order in the prompt; the last one names the task.
CURRENT: Final = {
    "light": ("light/v2",),
    "core": ("rules/v2", "core/v1"),
    "outreach": ("rules/v2", "outreach/v1"),
    "personality": ("rules/v2", "personality/v1"),
    "psychographic": ("rules/v2", "psychographic/v1"),
    "commercial": ("rules/v2", "commercial/v1"),
    "business_profile": ("business_profile/v1",),
}


@cache
def load_instructions(task: str) -> Instructions:
    """The current instructions of a task, read once per process; version "core/v1+rules/v2". Raises KeyError for an unknown task."""
    parts = CURRENT[task]
    texts = [files(__name__).joinpath(f"{part}.md").read_text(encoding="utf-8").strip() for part in parts]
    return Instructions(text="\n\n".join(texts), version="+".join(reversed(parts)))


def build_prompt_for(call: Call, business: BusinessContext, profile: Profile, facts: ProfileFacts) -> Prompt:
    """The prompt of one call; it is answered by `json_schema_strict(call.answer)`."""
    return build_prompt(load_instructions(call.task), business, profile, facts)
