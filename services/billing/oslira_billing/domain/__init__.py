"""The meaning of Stripe's events: their account, their grants, their plan. Pure."""
