"""Languages that messages are written in, by ISO 639-1."""

from typing import Literal

Language = Literal[
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "sw", "ta", "th", "tl", "tr",
    "uk", "ur", "vi", "zh",
]  # fmt: skip
