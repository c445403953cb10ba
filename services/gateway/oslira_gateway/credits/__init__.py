"""What an account may spend, and what things cost."""
