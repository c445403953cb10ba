-- migrate:up
-- Leads, analyses, drafts and bulks.
set local role analysis_owner;

create table analysis.leads (
  id uuid primary key,
  account_id uuid not null,
  business_profile_id uuid not null,
  username text not null,
  full_name text,
  followers integer,
  category text,
  latest_score smallint not null default 0 check (latest_score between 0 and 100),
  latest_type text,
  analysed_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  tier text,
  is_verified boolean,
  links text[] not null default '{}',
  emails text[] not null default '{}',
  phones text[] not null default '{}',
  summary text
);
create unique index leads_one on analysis.leads (account_id, business_profile_id, username) where deleted_at is null;
-- For the daily clean-up.
create index leads_deleted on analysis.leads (deleted_at) where deleted_at is not null;
-- One index for each order that a list can have, read from either end. The policy and the query name the account first.
create index leads_by_time on analysis.leads (account_id, analysed_at, id) where deleted_at is null;
create index leads_by_score on analysis.leads (account_id, latest_score, id) where deleted_at is null;
create index leads_by_name on analysis.leads (account_id, username, id) where deleted_at is null;
-- Erasing searches for all leads of one name. A hash index: the planner also used a B-tree for lists by name, where it reads the
-- leads of all accounts and sorts them.
create index leads_of_name on analysis.leads using hash (username);
select platform.protect('analysis.leads', 'analysis_service', 'select, insert, update, delete');
select platform.show_to_members('analysis.leads', p_with_gateway => true);

-- The search index of leads: the username, and the words of username and name. Under row-level security Postgres uses an index
-- only for leakproof operators, so neither LIKE nor full text: words are compared by < and >=, byte by byte.
create table analysis.lead_words (
  account_id uuid not null,
  word text collate "C" not null check (length(word) <= 64),
  lead_id uuid not null references analysis.leads (id) on delete cascade,
  primary key (account_id, word, lead_id)
);
create index lead_words_of_lead on analysis.lead_words (lead_id);
select platform.protect('analysis.lead_words', 'analysis_service', 'select, insert, update, delete');
select platform.show_to_members('analysis.lead_words');

create table analysis.analyses (
  id uuid primary key,
  run_id uuid not null unique references analysis.runs (id),
  lead_id uuid references analysis.leads (id) on delete cascade,
  account_id uuid not null,
  business_profile_id uuid not null,
  type text not null,
  score smallint not null check (score between 0 and 100),
  result jsonb not null,
  prompt_version text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  business_version integer check (business_version > 0)
);
create index analyses_of_account on analysis.analyses (account_id, created_at desc);
create index analyses_deleted on analysis.analyses (deleted_at) where deleted_at is not null;
create index analyses_listed on analysis.analyses (lead_id, created_at, id);
select platform.protect('analysis.analyses', 'analysis_service', 'select, insert, update, delete');
select platform.show_to_members('analysis.analyses', p_with_gateway => true);

-- A draft's answers, and the draft made from them. Deleted after 30 days; members read the draft, never the answers.
create table analysis.drafts (
  run_id uuid primary key references analysis.runs (id) on delete cascade,
  account_id uuid not null,
  answers jsonb not null check (jsonb_typeof(answers) = 'object' and length(answers::text) <= 32768),
  draft jsonb,
  prompt_version text,
  created_at timestamptz not null default now()
);
create index drafts_of_account on analysis.drafts (account_id);
create index drafts_created on analysis.drafts (created_at);
select platform.protect('analysis.drafts', 'analysis_service', 'select, insert, update, delete');
select platform.show_to_members('analysis.drafts',
  'run_id, account_id, draft, prompt_version, created_at', p_with_gateway => true);

-- Copies of profile pictures in the media bucket, since the links expire. One per name; without a row none is shown.
create table analysis.avatars (
  username text primary key,
  key text not null,
  content_type text not null,
  copied_at timestamptz not null default now()
);
select platform.protect('analysis.avatars', 'analysis_service', 'select, insert, update, delete');
create policy gateway_read on analysis.avatars for select to gateway_service using (true);
grant select on analysis.avatars to gateway_service;

-- Many names under one hold. A work row: the sweep closes a bulk whose last run's end was missed, and announces an ended bulk
-- until it is settled. analysis.runs has a closed row with its id, since the holds of runs and bulks share one space of ids.
create table analysis.bulks (
  id uuid primary key references analysis.runs (id),
  state text not null check (state in ('open', 'ended')),
  account_id uuid not null,
  user_id uuid,
  business_profile_id uuid not null,
  type text not null check (type in ('light', 'deep', 'xray')),
  price_credits integer not null check (price_credits >= 0),
  held_credits integer not null check (held_credits >= 0),
  -- Stop once this many leads score at least that.
  stop_after_leads integer check (stop_after_leads > 0),
  stop_score smallint check (stop_score between 0 and 100),
  stopped_because text check (stopped_because in ('cancelled', 'enough_leads')),
  -- [{line, text, problem, detail}]: lines that were not accepted, and why.
  rejected jsonb not null default '[]',
  charged_credits integer,
  released_credits integer,
  settled_at timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz not null default now(),
  seq bigint not null default 0,
  check ((state = 'ended') = (finished_at is not null)),
  check ((stop_after_leads is null) = (stop_score is null))
);
create index bulks_due on analysis.bulks (due_at) where due_at is not null;
create index bulks_listed on analysis.bulks (account_id, created_at desc, id desc);
create index bulks_ended on analysis.bulks (finished_at, id) where finished_at is not null;
create index bulks_with_rejected on analysis.bulks (id) where rejected <> '[]';
select platform.protect('analysis.bulks', 'analysis_service', 'select, insert, update, delete');
select platform.show_to_members('analysis.bulks', p_with_gateway => true);

-- A name with an active or fresh run links to that run: not `owned`, so neither charged nor cancelled with the bulk.
create table analysis.bulk_items (
  bulk_id uuid not null references analysis.bulks (id) on delete cascade,
  line integer not null check (line > 0),
  account_id uuid not null,
  run_id uuid not null references analysis.runs (id) on delete cascade,
  owned boolean not null,
  primary key (bulk_id, line)
);
create index bulk_items_of_run on analysis.bulk_items (run_id);
create index bulk_items_of_account on analysis.bulk_items (account_id);
select platform.protect('analysis.bulk_items', 'analysis_service', 'select, insert, update, delete');
select platform.show_to_members('analysis.bulk_items', p_with_gateway => true);

reset role;

-- migrate:down
