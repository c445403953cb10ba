"""Who asks, and for which account."""
