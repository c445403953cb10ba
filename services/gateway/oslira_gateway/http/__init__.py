"""Shared by all routes: problem details, request ids, limits, authentication."""
