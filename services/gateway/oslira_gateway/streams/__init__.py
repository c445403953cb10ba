"""Event streams of runs, bulks and accounts, and the tickets that open them."""
