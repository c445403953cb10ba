"""Rate limits: how much of which kind of request an account, a user or an address may make."""
