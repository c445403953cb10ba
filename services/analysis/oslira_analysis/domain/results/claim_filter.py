"""Filter an answer before it enters a result: claims need evidence, and texts must not repeat private texts."""

from collections.abc import Iterable, Sequence
from typing import Final

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.claims import ClaimT, ProfileQuotes, keep_supported
from oslira_analysis.domain.evidence.leaks import PrivateContext
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.results.language import LanguageOf, undecided
from oslira_analysis.domain.results.sentences import cut_to_sentences, keep_sentences
from oslira_analysis.domain.text import clean_text

MAX_PHRASE: Final = 240


class ClaimFilter:
    """Passes claims that the profile supports. Counts the dropped claims over all answers of one result."""

    def __init__(
        self, profile: Profile, business: BusinessContext, language_of: LanguageOf = undecided
    ) -> None:
        self.profile = profile
        self.business = business
        self.language_of = language_of
        self.private = PrivateContext.of(business, profile)
        self.dropped_claims = 0
        self._quotes = ProfileQuotes(profile)

    def claims(self, claims: Sequence[ClaimT], *, most: int, is_warning: bool = False) -> tuple[ClaimT, ...]:
        """At most `most`, in the model's order. Further ones were not requested and are not counted."""
        requested = claims[:most]
        public = [claim for claim in requested if not self.private.is_passage_in(claim.claim)]
        kept = keep_supported(public, self._quotes, is_warning=is_warning)
        self.dropped_claims += len(requested) - len(kept)
        return kept

    def text(self, text: str, limit: int) -> str:
        """Cleaned, without sentences that repeat private texts, truncated to whole sentences."""
        public, _ = keep_sentences(
            clean_text(text, 4 * limit), lambda part: not self.private.is_passage_in(part)
        )
        return cut_to_sentences(public, limit)

    def phrases(self, phrases: Iterable[str], *, most: int) -> tuple[str, ...]:
        """Short texts. One that is not allowed is removed as a whole."""
        cleaned = (self.text(phrase, MAX_PHRASE) for phrase in phrases)
        return tuple(phrase for phrase in cleaned if phrase)[:most]
