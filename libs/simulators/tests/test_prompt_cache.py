"""Prefix caching, counted as the providers do."""

import pytest
from oslira_simulators.prompt_cache import (
    Prefix,
    PrefixCache,
    count_tokens,
    marked_prefixes,
    openai_prefixes,
)


def _ask(cache: PrefixCache, prompt: str, model: str = "gpt-5") -> int:
    prefixes = openai_prefixes(model=model, prompt=prompt, ttl_s=600)
    known = cache.longest_known_tokens(prefixes)
    cache.remember(prefixes)
    return known


@pytest.mark.parametrize(
    ("shared_tokens", "cached_tokens"),
    [(1023, 0), (1024, 1024), (1151, 1024), (1152, 1152), (2000, 1920)],
)
def test_openai_caches_from_1024_tokens_in_steps_of_128(shared_tokens: int, cached_tokens: int) -> None:
    cache = PrefixCache()
    shared = "x" * shared_tokens * 4
    assert _ask(cache, shared + "a" * 4000) == 0
    assert _ask(cache, shared + "b" * 4000) == cached_tokens


def test_a_prefix_is_of_one_model() -> None:
    cache = PrefixCache()
    assert _ask(cache, "x" * 8000) == 0
    assert _ask(cache, "x" * 8000, model="gpt-5-mini") == 0
    assert _ask(cache, "x" * 8000) == 1920


def test_a_prefix_expires_when_unused_and_is_renewed_when_used() -> None:
    now_s = 0.0
    cache = PrefixCache(clock=lambda: now_s)
    cache.remember([Prefix(1024, "a", ttl_s=300)])
    now_s = 299
    assert cache.longest_known_tokens([Prefix(1024, "a", ttl_s=300)]) == 1024
    now_s = 598
    assert cache.longest_known_tokens([Prefix(1024, "a", ttl_s=300)]) == 1024
    now_s = 898
    assert cache.longest_known_tokens([Prefix(1024, "a", ttl_s=300)]) == 0


def test_anthropic_caches_marked_prefixes_of_at_least_1024_tokens() -> None:
    marked = [("x" * 4 * 1000, 300.0), ("x" * 4 * 1500, 300.0)]
    assert [prefix.tokens for prefix in marked_prefixes(model="claude", marked=marked)] == [1500]


def test_a_token_is_four_characters_rounded_up() -> None:
    assert [count_tokens(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]
