"""Pictures, and their bucket."""
