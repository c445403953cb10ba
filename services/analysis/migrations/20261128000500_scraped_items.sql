-- migrate:up
set local role analysis_owner;

-- `profile_id`: Instagram's own id of the profile that was fetched, by which a renamed one is known again. `scraped_at`: when the
-- scraper looked, by which the item ages; the scrape may end much later.
alter table analysis.scrapes
  add column profile_id text,
  add column scraped_at timestamptz;

reset role;

-- migrate:down
