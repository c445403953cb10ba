"""Light analyses for visitors without an account: bounded by network and by day, and forgotten after an hour."""
