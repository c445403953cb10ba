"""Whether a sentence of a message states a checkable fact that has no source: an invented fact, or an unfilled placeholder."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Self

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.claims import profile_texts
from oslira_analysis.domain.evidence.leaks import public_texts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.text import fold_text

# Links and addresses; then handles, hashtags, prices, percentages, numbers of three digits or more, and placeholders. Smaller
# numbers ("15 minutes", "two ideas") are the writer's own.
_CHECKABLE: Final = re.compile(
    r"(?P<address>https?://\S+|www\.\S+|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,3}\.[a-z]{2,12}/\S*"
    r"|\b[\w-]{1,63}\.(?:com|net|org|io|co|me|app|link|shop|store|info|biz|eu|de|fr|es|pt|br|uk)\b)"
    r"|[@#]\w[\w.]+|[$€£¥₹]\s?\d[\d.,]*|\d[\d.,]*\s?[%$€£¥₹]|\d[\d.,]{2,}"
    r"|\[[^\]]{1,40}\]|\{[^}]{1,40}\}|<[^>]{1,40}>"
)


class KnownFacts:
    """What a message may state: the profile's texts and counts, and the business's public texts.

    Links and addresses are more than words: of the profile's only its own name and link, never one that its texts ask to spread.
    """

    def __init__(self, texts: Iterable[str], *, addresses: Iterable[str]) -> None:
        self._known = "\n".join(fold_text(text) for text in texts)
        self._addresses = "\n".join(fold_text(text) for text in addresses)

    @classmethod
    def of(cls, business: BusinessContext, profile: Profile) -> Self:
        counts = (profile.followers, profile.follows, profile.posts_count)
        public, links = public_texts(business), (profile.external_url or "", *profile.external_links)
        return cls(
            [
                *(text for _, text in profile_texts(profile)),
                f"@{profile.username}",
                *public,
                *(form for count in counts if count is not None for form in (str(count), f"{count:,}")),
            ],
            addresses=(*public, *links, profile.username, profile.full_name),
        )

    def hold(self, sentence: str) -> bool:
        """Whether everything checkable in the sentence is known."""
        return all(
            fact in (self._addresses if is_address else self._known)
            for fact, is_address in _checkable(sentence)
        )


def _checkable(sentence: str) -> Iterator[tuple[str, bool]]:
    for match in _CHECKABLE.finditer(fold_text(sentence)):
        yield match.group().rstrip(".,;:!?)"), match["address"] is not None
