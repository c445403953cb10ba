"""The engine: admit, promote, scrape, score."""
