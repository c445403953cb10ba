"""Light analyses without an account: limited by network and day, deleted after an hour."""
