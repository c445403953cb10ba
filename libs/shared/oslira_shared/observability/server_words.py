"""What a server of ours says about an error, for logs and readiness: NATS's description and code, Postgres's message and state.

Logs redact everything in quotation marks, since error texts quote their input. These texts hold no input of customers: they are
about subjects, streams, roles, limits and files. Their quotation marks are dropped, so that logs show them whole.
"""

from typing import Final

_MAX_CHARS: Final = 300
# Classes of SQLSTATE whose messages name only roles, relations, functions, limits and files. Others quote values: 22 and 23.
_WITHOUT_VALUES: Final = frozenset({"08", "25", "28", "40", "42", "53", "54", "55", "57", "58", "XX"})
_MARKS: Final = str.maketrans("", "", "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb")


def is_servers_own(error: BaseException) -> bool:
    """Whether the error's text is about the server and not about a value: NATS's errors, and most classes of Postgres's."""
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        return sqlstate[:2] in _WITHOUT_VALUES
    return type(error).__module__.startswith("nats.")


def server_words(error: BaseException) -> str:
    """The error's kind and the server's own description and code, in one line without quotation marks.

    Only for errors that are the server's own, or of a connection: the text of a failed statement may quote a value.
    """
    kind = type(error).__name__
    description = getattr(error, "description", None)
    if description:  # JetStream
        code = getattr(error, "err_code", None)
        words = f"{description} ({code})" if code else str(description)
    elif sqlstate := getattr(error, "sqlstate", None):
        words = f"{getattr(error, 'message', None) or error} ({sqlstate})"
    else:
        words = str(error).removeprefix("nats: ")
    line = " ".join(words.translate(_MARKS).split())
    return (f"{kind}: {line}" if line else kind)[:_MAX_CHARS]
