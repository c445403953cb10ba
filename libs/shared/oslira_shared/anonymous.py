"""The system account of anonymous callers. Migrations make its rows; no user is a member of it."""

from typing import Final
from uuid import UUID

# Migrations of identity, analysis and billing name these too.
ANONYMOUS_ACCOUNT_ID: Final = UUID("6f736c69-7261-4000-8000-00000000a000")
# The business that an anonymous caller's profile is scored for: a fixed example, so that the prompt contains only our own text.
EXAMPLE_BUSINESS_ID: Final = UUID("6f736c69-7261-4000-8000-00000000a001")
