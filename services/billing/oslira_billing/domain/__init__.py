"""What Stripe's events mean: whose they are, what they grant, which plan they put an account on. Pure."""
