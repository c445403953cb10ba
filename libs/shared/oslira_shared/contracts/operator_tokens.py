"""Service tokens of operators: a JWT (HS256) over OPERATOR_SECRET, for /v1/admin."""

from datetime import timedelta
from typing import Final

AUDIENCE: Final = "oslira-admin"
MAX_LIFE: Final = timedelta(minutes=15)
# The header's `typ`. It selects the key that verifies a token, and proves nothing by itself.
TYPE: Final = "oslira-operator+jwt"
ALGORITHM: Final = "HS256"
MAX_NAME_CHARS: Final = 64
