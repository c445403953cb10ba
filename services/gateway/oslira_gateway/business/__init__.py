"""The businesses that profiles are scored for."""
