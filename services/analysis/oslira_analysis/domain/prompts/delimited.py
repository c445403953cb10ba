"""Data in a prompt, between markers that the data cannot contain."""

import json
from hashlib import sha256
from typing import Any

# "<" in data becomes an escape that JSON reads as the same letter, so the data cannot contain a marker, tag or fake turn.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e"})


def dump_json(value: Any) -> str:
    """JSON on one line, sorted by key, without "<" or ">"."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def delimit(tag: str, document: str) -> str:
    """`document` between `<tag id="…">` lines; raises ValueError for a document that could contain a marker.

    The id is a hash of the document: the document cannot contain it, and the same data gives the same
    prompt, so that its prefix caches.
    """
    if "<" in document:
        raise ValueError("a delimited document must not contain '<'; dump_json escapes it")
    nonce = sha256(document.encode()).hexdigest()[:16]
    return f'<{tag} id="{nonce}">\n{document}\n</{tag} id="{nonce}">'
