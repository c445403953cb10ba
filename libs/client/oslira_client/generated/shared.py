"""Types that several parts of the API use. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from oslira_client.shapes import Answer


class RunCredits(Answer):
    charged: int
    held: int
    released: int


class RunError(Answer):
    code: str
    detail: str


class ResultChange(Answer):
    """A number that differs. `delta` is None if one side is unknown."""

    after: float | None
    before: float | None
    delta: float | None


class ResultChanges(Answer):
    """Only the differences: numbers by name, and added or removed items. `is_empty`: there are none.

    `new_red_flags` are claims whose quote was not a red flag before.
    """

    channels_gained: list[str]
    channels_lost: list[str]
    figures: dict[str, ResultChange]
    followers: ResultChange | None
    gaps_closed: list[str]
    gaps_opened: list[str]
    new_red_flags: list[str]
    parts: dict[str, ResultChange]
    score: ResultChange | None
    since: datetime


class ResultFigure(Answer):
    """Exactly one of `value` and `reason` is set. Shares are 0 to 1, never percent."""

    reason: str | None
    value: float | None


class ResultKeyFacts(Answer):
    """A selection of ProfileFacts; the deeper types also contain all of it."""

    channels: list[str]
    comment_to_like: ResultFigure
    consistency: ResultFigure
    days_since_last_post: ResultFigure
    engagement_rate: ResultFigure
    engagement_versus_typical: ResultFigure
    fake_follower_risk: ResultFigure
    followers: int | None
    gaps: list[str]
    hidden_like_share: ResultFigure
    posts_per_week: ResultFigure
    posts_per_week_is_lower_bound: bool
    tier: str | None


class ResultPart(Answer):
    """One part of a score. `score` is 0 to 100, or None with the `reason` why it is unknown.

    `weight` is its share of the total in percent; the weights of a score's parts sum to 100. An unknown part counts as 10.
    """

    reason: str | None
    score: int | None
    weight: int


class ResultClaim(Answer):
    """What a model states about a profile, as every answer schema requests it and as results store it.

    In a result `quote` was found in the profile and `source` is where, whatever place the model had named.
    """

    claim: str
    quote: str
    source: (
        Literal[
            "biography",
            "full_name",
            "username",
            "category",
            "external_url",
            "post:1",
            "post:2",
            "post:3",
            "post:4",
            "post:5",
            "post:6",
            "post:7",
            "post:8",
            "post:9",
            "post:10",
            "post:11",
            "post:12",
        ]
        | str
    )


class LightResult(Answer):
    """What the user gets. `score` is the weighted sum of the parts, at most 20 if the fit is; only `fit` is from a model.

    Every claim's quote was found in the profile; `dropped_claims` counts those whose quote was not found. `renamed_to`: the
    profile has this name now instead of the requested one.
    """

    confidence: Literal["low", "medium", "high"] | str
    dropped_claims: int
    facts: ResultKeyFacts
    parts: dict[str, ResultPart]
    prompt_version: str
    reasons: list[ResultClaim]
    red_flags: list[ResultClaim]
    renamed_to: str | None
    score: int
    summary: str
    type: Literal["light"] | str
    changes: ResultChanges | None = None


class ResultEmail(Answer):
    """Plain text. A blank line separates paragraphs; the business signs."""

    body: str
    subject: str


class ResultOutreach(Answer):
    """`language`: the detected language of the messages; if detection is not sure, the one that the model named.

    `is_language_of_posts`: False if their language is sure and differs from that of all posts whose language is sure; None if
    either is unsure.

    `opening` is the evidence that both messages start with. None: no opening was supported, so they start with the offer.

    `dm` and `email` are None if nothing remained that may be sent. `removed_sentences` counts those that stated a link,
    handle, price or number without a source, contained a placeholder, or repeated private texts.
    """

    dm: str | None
    email: ResultEmail | None
    is_language_of_posts: bool | None
    language: (
        Literal[
            "ar",
            "bg",
            "bn",
            "ca",
            "cs",
            "da",
            "de",
            "el",
            "en",
            "es",
            "et",
            "fa",
            "fi",
            "fr",
            "he",
            "hi",
            "hr",
            "hu",
            "id",
            "it",
            "ja",
            "ko",
            "lt",
            "lv",
            "ms",
            "nl",
            "no",
            "pl",
            "pt",
            "ro",
            "ru",
            "sk",
            "sl",
            "sr",
            "sv",
            "sw",
            "ta",
            "th",
            "tl",
            "tr",
            "uk",
            "ur",
            "vi",
            "zh",
        ]
        | str
    )
    opening: ResultClaim | None
    removed_sentences: int
    talking_points: list[ResultClaim]


class ResultTrait(Answer):
    """One of the five factors, derived from the published texts."""

    claim: str
    level: Literal["low", "medium", "high"] | str
    quote: str
    source: (
        Literal[
            "biography",
            "full_name",
            "username",
            "category",
            "external_url",
            "post:1",
            "post:2",
            "post:3",
            "post:4",
            "post:5",
            "post:6",
            "post:7",
            "post:8",
            "post:9",
            "post:10",
            "post:11",
            "post:12",
        ]
        | str
    )
    trait: (
        Literal["openness", "conscientiousness", "extraversion", "agreeableness", "emotional_stability"] | str
    )


class ResultPersonality(Answer):
    """A reading: every trait and habit has checked evidence; `confidence` is computed from how much of it held."""

    approach: list[str]
    avoid: list[str]
    communication: list[ResultClaim]
    confidence: Literal["low", "medium", "high"] | str
    formality: Literal["formal", "neutral", "casual", "unclear"] | str
    style: Literal["analytical", "driving", "expressive", "amiable", "mixed", "unclear"] | str
    summary: str
    traits: list[ResultTrait]


class ResultCadence(Answer):
    """From the dates of the profile's own posts; pinned ones are out of order and count only as the latest post.

    posts_per_week: (posts − 1) / weeks between the oldest and the newest. A span below a day is taken as a day: an item
    holds 12 posts at most, so the real rate of such a day can't be seen. `posts_per_week_is_lower_bound` says so.
    days_since_last_post: from the newest post to now, at least 0.
    regularity: 1 − coefficient of variation of the gaps between posts, at least 0; 1 is like clockwork; 3 gaps needed.
    """

    days_since_last_post: ResultFigure
    posts_per_week: ResultFigure
    posts_per_week_is_lower_bound: bool
    regularity: ResultFigure


class ResultContent(Answer):
    """Over the posts that are not pinned.

    hashtags_per_post, mentions_per_post: means of the distinct ones. caption_length: mean, in characters, at most
    2,200 each. captioned, located: shares of the posts with a caption, with a location. top_hashtags, top_mentions,
    top_locations: the most used, hashtags and names in lower case, ties by first appearance. Sources: each post's
    `hashtags` (older items: those in its caption), `mentions`, `caption` and `locationName`.
    """

    caption_length: ResultFigure
    captioned: ResultFigure
    hashtags_per_post: ResultFigure
    located: ResultFigure
    mentions_per_post: ResultFigure
    top_hashtags: list[str]
    top_locations: list[str]
    top_mentions: list[str]


class ResultEngagement(Answer):
    """Over the countable posts: own, not pinned, likes known and not hidden. Each from the posts of the scraped item.

    rate: mean over posts of (likes + comments) / followers.
    versus_typical: rate / the usual rate of the follower tier (benchmarks.py); 1 is usual. From 100 followers on.
    consistency: 1 − coefficient of variation of likes + comments, at least 0; 1 is the same on every post.
    comment_to_like: sum of comments / sum of likes, over posts whose comments are known.
    likes_per_post, comments_per_post: means.
    hidden_like_share: posts with hidden likes / posts whose item has a like count, pinned ones included.
    """

    comment_to_like: ResultFigure
    comments_per_post: ResultFigure
    consistency: ResultFigure
    countable_posts: int
    hidden_like_share: ResultFigure
    likes_per_post: ResultFigure
    rate: ResultFigure
    tier: str | None
    versus_typical: ResultFigure


class ResultFakeFollowers(Answer):
    """risk: the points of the warnings, at most 100. level: low below 25, medium below 50, else high. A heuristic, not proof.

    A verified badge does not reduce it: Meta sells it. Null below 100 followers, and where engagement is unknown and the
    other warnings do not reach "medium" by themselves: without reactions, few warnings are no sign of real followers.
    """

    level: Literal["low", "medium", "high"] | str | None
    risk: ResultFigure
    warnings: list[str]


class ResultFormats(Answer):
    """Shares of the posts that are not pinned, 0 to 1, by the item's `type`; reels (productType clips) are videos."""

    images: ResultFigure
    reels: ResultFigure
    sidecars: ResultFigure
    videos: ResultFigure


class ResultGap(Answer):
    """`code` is stable, `detail` a sentence with the metric behind it. A metric that is null is not a gap."""

    area: Literal["engagement", "content", "conversion", "platform"] | str
    code: str
    detail: str


class ResultMaturity(Answer):
    """age_days: from the month of joining (the item's `about`, rarely present) to now.

    stage: new below 12 posts or where Instagram says "joined recently"; established from 100 posts, if the account
    isn't known to be younger than a year; growing between. None when the number of posts is unknown. The thresholds are
    our defaults.
    """

    age_days: ResultFigure
    highlights: int | None
    posts_total: int | None
    stage: Literal["new", "growing", "established"] | str | None


class ResultReachability(Answer):
    """Matched in the biography and the links by pattern. Contains only whether a channel exists, never the address.

    `known` is False where the item has neither a biography, a link nor the business flag: then nothing can be said.
    """

    email: bool
    is_business: bool | None
    known: bool
    messenger: bool
    phone: bool
    website: bool


class ResultVideo(Answer):
    """Over the posts that are not pinned and have a view count (the larger of plays and views, if both are present).

    views_per_video: mean. views_per_follower: mean of views / followers.
    interactions_per_view: mean of (likes + comments) / views, over those that show likes and were viewed.
    """

    interactions_per_view: ResultFigure
    videos: int
    views_per_follower: ResultFigure
    views_per_video: ResultFigure


class ResultProfileFacts(Answer):
    """The same for every analysis type and every business: depends only on the profile and `now`."""

    as_of: str | None
    cadence: ResultCadence
    content: ResultContent
    engagement: ResultEngagement
    fake_followers: ResultFakeFollowers
    followers: int | None
    formats: ResultFormats
    gaps: list[ResultGap]
    maturity: ResultMaturity
    reachability: ResultReachability
    video: ResultVideo


class DeepResult(Answer):
    """A light result's fields, and more. `prompt_versions` is by call; `dropped_claims` counts over all of them."""

    confidence: Literal["low", "medium", "high"] | str
    dropped_claims: int
    facts: ResultKeyFacts
    needs: list[ResultClaim]
    outreach: ResultOutreach
    parts: dict[str, ResultPart]
    personality: ResultPersonality
    profile_facts: ResultProfileFacts
    prompt_versions: dict[str, str]
    reasons: list[ResultClaim]
    red_flags: list[ResultClaim]
    renamed_to: str | None
    score: int
    summary: str
    type: Literal["deep"] | str
    changes: ResultChanges | None = None


class ResultCommercial(Answer):
    """A reading: every claim has checked evidence; `confidence` is computed from how much of it held."""

    budget: Literal["low", "medium", "high", "unclear"] | str
    business_model: (
        Literal[
            "local_service",
            "online_service",
            "shop",
            "brand",
            "creator",
            "agency",
            "hospitality",
            "organisation",
            "employee",
            "private_person",
            "unclear",
        ]
        | str
    )
    buying_signals: list[ResultClaim]
    confidence: Literal["low", "medium", "high"] | str
    decides: Literal["alone", "with_others", "no", "unclear"] | str
    needs: list[ResultClaim]
    objections: list[ResultClaim]
    stage: Literal["starting", "growing", "settled", "declining", "unclear"] | str


class ResultPsychographic(Answer):
    """A reading: every claim has checked evidence; `confidence` is computed from how much of it held."""

    confidence: Literal["low", "medium", "high"] | str
    decision_style: (
        Literal["evidence", "relationship", "status", "price", "mission", "convenience", "unclear"] | str
    )
    interests: list[ResultClaim]
    messages_that_land: list[str]
    motivations: list[ResultClaim]
    pains: list[ResultClaim]
    summary: str
    values: list[ResultClaim]


class XrayResult(Answer):
    """A light result's fields, and more; the fit is the commercial call's."""

    commercial: ResultCommercial
    confidence: Literal["low", "medium", "high"] | str
    dropped_claims: int
    facts: ResultKeyFacts
    outreach: ResultOutreach
    parts: dict[str, ResultPart]
    personality: ResultPersonality
    profile_facts: ResultProfileFacts
    prompt_versions: dict[str, str]
    psychographic: ResultPsychographic
    reasons: list[ResultClaim]
    red_flags: list[ResultClaim]
    renamed_to: str | None
    score: int
    summary: str
    type: Literal["xray"] | str
    changes: ResultChanges | None = None


class ResultIdealCustomer(Answer):
    """Who the business wants as a customer. Follower bounds are inclusive; None is no bound."""

    company_size: str | None
    description: str | None
    exclusions: list[str]
    followers_max: int | None
    followers_min: int | None
    industry: str | None
    location: str | None
    signals: list[str]


class ResultBusinessContext(Answer):
    """Written by the tenant, not by us: data in a prompt too, delimited like the profile."""

    description: str | None
    ideal_customer: ResultIdealCustomer
    industry: str | None
    language: str | None
    name: str
    offer: str | None
    tone: str | None


class DraftResult(Answer):
    """The draft of a business profile: `business_profile` can be saved as it is."""

    business_profile: ResultBusinessContext
    prompt_version: str
    type: Literal["business_profile"] | str


RunResult: TypeAlias = LightResult | DeepResult | XrayResult | DraftResult


RunStatus: TypeAlias = (
    Literal["queued", "waiting", "scraping", "scoring", "completed", "failed", "cancelled"] | str
)


RunType: TypeAlias = Literal["light", "deep", "xray", "business_profile"] | str


class Run(Answer):
    business_profile_id: UUID | None
    created_at: datetime
    credits: RunCredits
    current_step: str
    error: RunError | None
    eta_s: int | None
    events_url: str | None
    finished_at: datetime | None
    is_from_cache: bool | None
    lead_id: UUID | None
    poll_url: str | None
    progress: int
    queue_position: int | None
    result: RunResult | None
    run_id: UUID
    seq: int
    should_cancel: bool
    source: Literal["live", "database"] | str
    status: RunStatus
    type: RunType
    username: str | None


class AcceptedRun(Answer):
    events_url: str
    poll_url: str
    run_id: UUID
    status: RunStatus


class BulkCounts(Answer):
    cancelled: int
    completed: int
    failed: int
    linked: int
    rejected: int
    running: int
    total: int
    waiting: int


class RejectedLine(Answer):
    detail: str
    line: int
    problem: str
    text: str


AnalysisType: TypeAlias = Literal["light", "deep", "xray"] | str


class Bulk(Answer):
    bulk_id: UUID
    business_profile_id: UUID
    counts: BulkCounts
    created_at: datetime
    credits: RunCredits
    events_url: str | None
    finished_at: datetime | None
    progress: int
    rejected: list[RejectedLine]
    seq: int
    status: Literal["running", "completed", "cancelled"] | str
    stopped_because: Literal["cancelled", "enough_leads"] | str | None
    type: AnalysisType


class AcceptedBulk(Answer):
    bulk: Bulk
    bulk_id: UUID
    events_url: str
    poll_url: str
    status: Literal["running", "completed", "cancelled"] | str


class Quote(Answer):
    blank: int
    cached: int
    duplicate: int
    expected_finish_at: datetime
    expected_s: int
    invalid: int
    most_credits: int
    new: int
    over_max_credits: int
    price_credits: int
    rejected: list[RejectedLine]


class RunSummary(Answer):
    business_profile_id: UUID | None
    created_at: datetime
    credits: RunCredits
    current_step: str
    error: RunError | None
    eta_s: int | None
    events_url: str | None
    finished_at: datetime | None
    is_from_cache: bool | None
    lead_id: UUID | None
    poll_url: str | None
    progress: int
    queue_position: int | None
    run_id: UUID
    seq: int
    should_cancel: bool
    source: Literal["live", "database"] | str
    status: RunStatus
    type: RunType
    username: str | None


class AccessEnded(Answer):
    code: Literal["ticket_invalid"] | str
