"""Estimate the tokens of a text without a tokenizer."""

from math import ceil


def estimate_tokens(text: str) -> int:
    """A high estimate: 3 ASCII characters a token, and 2 bytes of UTF-8 a token beyond ASCII.

    English is nearer 4 characters a token, Cyrillic or Arabic nearer 4 bytes; JSON and emoji cost the most.
    """
    size = len(text.encode("utf-8", "replace"))
    ascii_chars = len(text.encode("ascii", "ignore"))
    return ceil(ascii_chars / 3 + (size - ascii_chars) / 2)
