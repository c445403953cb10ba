"""Pictures, and the bucket that keeps them."""
