"""The scraper and its cache of scraped items."""
