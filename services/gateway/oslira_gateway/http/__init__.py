"""What every route shares: problem details, request ids, limits, authentication."""
