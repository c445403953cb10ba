"""Simulators of Apify, OpenAI, Anthropic and Stripe: one small HTTP app for their real SDKs."""
