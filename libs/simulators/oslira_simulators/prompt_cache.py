"""Prompt-prefix caching, counted as the providers do. A token is estimated as 4 characters, rounded up."""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CHARS_PER_TOKEN = 4
MIN_PREFIX_TOKENS = 1024
STEP_TOKENS = 128
_KEPT_PREFIXES = 50_000


def count_tokens(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The first `tokens` of a prompt, known by their hash, to be kept until unused for `ttl_s`."""

    tokens: int
    digest: str
    ttl_s: float


class PrefixCache:
    """Read when a call starts, written when it ends: calls in parallel don't profit from each other."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._expires_at_s: OrderedDict[str, float] = OrderedDict()

    def longest_known_tokens(self, prefixes: Sequence[Prefix]) -> int:
        """0 when none is known; the known ones are renewed."""
        now_s = self._clock()
        known = [prefix for prefix in prefixes if self._expires_at_s.get(prefix.digest, 0.0) > now_s]
        self.remember(known)
        return max((prefix.tokens for prefix in known), default=0)

    def remember(self, prefixes: Sequence[Prefix]) -> None:
        for prefix in prefixes:
            self._expires_at_s[prefix.digest] = self._clock() + prefix.ttl_s
            self._expires_at_s.move_to_end(prefix.digest)
        while len(self._expires_at_s) > _KEPT_PREFIXES:
            self._expires_at_s.popitem(last=False)

    def clear(self) -> None:
        self._expires_at_s.clear()


def openai_prefixes(*, model: str, prompt: str, ttl_s: float) -> list[Prefix]:
    """Every prefix that can be cached: from 1,024 tokens, in steps of 128.

    Source: OpenAI's prompt caching guide (automatic, exact prefix, per model).
    """
    digest = hashlib.sha256(model.encode())
    prefixes: list[Prefix] = []
    hashed_to = 0
    for tokens in range(MIN_PREFIX_TOKENS, len(prompt) // CHARS_PER_TOKEN + 1, STEP_TOKENS):
        digest.update(prompt[hashed_to : tokens * CHARS_PER_TOKEN].encode())
        hashed_to = tokens * CHARS_PER_TOKEN
        prefixes.append(Prefix(tokens, digest.hexdigest(), ttl_s))
    return prefixes


def marked_prefixes(*, model: str, marked: Sequence[tuple[str, float]]) -> list[Prefix]:
    """Those that a breakpoint marks (text and time to live); marks under 1,024 tokens count for nothing.

    Source: both suppliers' prompt caching guides (`cache_control`, `prompt_cache_breakpoint`).
    """
    return [
        Prefix(count_tokens(text), hashlib.sha256(f"{model}\n{text}".encode()).hexdigest(), ttl_s)
        for text, ttl_s in marked
        if count_tokens(text) >= MIN_PREFIX_TOKENS
    ]
