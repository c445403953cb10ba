"""The system account that visitors without an account analyse under. Its rows are made by migrations; nobody is its member."""

from typing import Final
from uuid import UUID

# Migrations of identity, analysis and billing name these too.
ANONYMOUS_ACCOUNT_ID: Final = UUID("6f736c69-7261-4000-8000-00000000a000")
# What a visitor's profile is scored for: a fixed example, so that nobody's words but ours stand in the prompt.
EXAMPLE_BUSINESS_ID: Final = UUID("6f736c69-7261-4000-8000-00000000a001")
