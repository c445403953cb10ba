"""Data in a prompt, between markers that the data can't write itself."""

import json
from hashlib import sha256
from typing import Any

# "<" in data becomes an escape that JSON reads as the same letter, so no marker, tag or fake turn stands in it as such.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e"})


def dump_json(value: Any) -> str:
    """JSON on one line, in the order of its keys, without a single "<" or ">"."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def delimit(tag: str, document: str) -> str:
    """`document` between `<tag id="…">` lines; a document that could hold a marker is refused with ValueError.

    The id is a hash of the document: nobody can write it into the document beforehand, and the same data gives the same
    prompt, so that its prefix caches.
    """
    if "<" in document:
        raise ValueError("a delimited document holds no '<'; dump_json escapes it")
    nonce = sha256(document.encode()).hexdigest()[:16]
    return f'<{tag} id="{nonce}">\n{document}\n</{tag} id="{nonce}">'
