-- migrate:up
set local role identity_owner;

-- A system account belongs to the system: it has no members, so nobody lists it or chooses it, and it can't be deleted.
alter table identity.accounts drop constraint accounts_kind_check,
  add constraint accounts_kind_check check (kind in ('personal', 'team', 'system')),
  add constraint accounts_system_stays check (kind <> 'system' or deleted_at is null);

-- Whom visitors without an account analyse under, and the business their profiles are scored for. Ids: oslira_shared/anonymous.py.
insert into identity.accounts (id, name, kind)
  values ('6f736c69-7261-4000-8000-00000000a000', 'Visitors without an account', 'system');
insert into identity.business_profiles (id, account_id, name, context) values (
  '6f736c69-7261-4000-8000-00000000a001', '6f736c69-7261-4000-8000-00000000a000', 'Example business', $context${
    "name": "Example business",
    "industry": "Services for brands and creators",
    "offer": "Helps brands, shops and creators that sell through social media to reach more of the right people and to turn their audience into customers",
    "description": "An example that stands for any company that sells to active, commercially minded Instagram profiles",
    "ideal_customer": {
      "description": "A brand, a shop or a professional creator with an engaged audience, that sells something and can be reached",
      "signals": ["posts regularly", "sells a product or a service", "shows a way to make contact", "works with partners"],
      "exclusions": ["private persons without anything to sell", "fan pages", "profiles that only repost"]
    },
    "tone": "friendly and concrete"
  }$context$);

-- How often a network (an IPv4 address, an IPv6 /64) has ordered today. `network` is a keyed hash; a row goes the next day.
create table identity.anonymous_uses (
  day date not null,
  network text not null,
  uses integer not null check (uses >= 0),
  primary key (day, network)
);
alter table identity.anonymous_uses enable row level security;
alter table identity.anonymous_uses force row level security;
create policy owner_all on identity.anonymous_uses to identity_owner using (true) with check (true);
create policy service_all on identity.anonymous_uses to gateway_service using (true) with check (true);
grant select, insert, update, delete on identity.anonymous_uses to gateway_service;

reset role;

-- migrate:down
