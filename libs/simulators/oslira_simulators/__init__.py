"""Stand-ins for Apify, OpenAI, Anthropic and Stripe: one small HTTP app that their real SDKs speak to."""
