-- migrate:up
set local role identity_owner;

-- An erased profile may come back under another name: the ids that an owner knows it by are refused as well, as digests beside those of
-- names. No username has a colon. Only while the erasure is open: its row is who may ask for this.
create function identity.suppress_ids(p_erasure_id uuid, p_profile_ids text[]) returns void
language sql security definer set search_path = '' as $$
  insert into identity.suppression (digest)
  select identity.suppression_digest('id:' || one.id) from pg_catalog.unnest(p_profile_ids) as one (id)
   where exists (select from identity.erasures e where e.id = p_erasure_id and e.username is not null)
  on conflict do nothing
$$;
grant execute on function identity.suppress_ids(uuid, text[]) to analysis_service;

reset role;

-- migrate:down
