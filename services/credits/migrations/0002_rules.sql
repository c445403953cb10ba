-- migrate:up
-- Triggers: a transfer sums to zero, balances follow the entries, written rows are immutable.
set local role credits_owner;

-- A transfer sums to zero and is not empty.
create function credits.assert_balanced() returns trigger language plpgsql set search_path = '' as $$
declare
  v_transfer uuid;
  v_sum bigint;
begin
  if tg_table_name = 'transfers' then
    v_transfer := new.id;
  else
    v_transfer := new.transfer_id;
  end if;
  select sum(e.amount) into v_sum from credits.entries e where e.transfer_id = v_transfer;
  if v_sum is distinct from 0 then
    raise exception 'transfer % sums to %, not to 0', v_transfer, coalesce(v_sum::text, 'nothing')
      using errcode = 'check_violation';
  end if;
  return null;
end $$;

-- Deferred: it checks at commit that the transfer has entries. The sum of a transfer's lines is checked when they are written.
create constraint trigger transfers_balanced after insert on credits.transfers
  deferrable initially deferred for each row execute function credits.assert_balanced();

-- Which balances a transfer of a kind may take from (`-`) and add to (`+`).
create function credits.may_move(p_transfer_kind text, p_balance_kind text, p_amount bigint) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  return p_balance_kind || case when p_amount > 0 then '+' else '-' end = any (case p_transfer_kind
    when 'grant' then array['issued-', 'available+', 'frozen+', 'revoked+', 'debt-', 'spent+']
    when 'hold' then array['available-', 'held+']
    when 'settle' then array['held-', 'spent+', 'debt+', 'revoked+', 'available+', 'frozen+', 'expired+']
    when 'spend' then array['available-', 'spent+']
    when 'expire' then array['available-', 'expired+']
    when 'revoke' then array['available-', 'frozen-', 'expired-', 'spent-', 'revoked+', 'debt+']
    when 'freeze' then array['available-', 'frozen+']
    when 'thaw' then array['frozen-', 'available+', 'expired+']
    else array[]::text[]
  end);
end $$;
grant execute on function credits.may_move to credits_service;

-- Moves balances along with the entries, whichever statement writes them; nothing else moves them. It checks that the transfer may
-- move what it moves, updates what is rolled up (the account's sums, whether it is low, which grants still have something) and
-- writes the transfer's statement line. All lines of a transfer come in one statement: a second batch finds the statement
-- line and is refused. Many lines are moved by one statement; for a few, that takes twice the time of a whole hold, so they
-- keep small statements whose plans are kept.
create function credits.post_entries() returns trigger language plpgsql set search_path = '' as $$
declare
  v_line record;
  v_balance credits.balances;
  v_transfer uuid;
  v_kind text;
  v_account uuid;
  v_totals credits.account_balances;
  v_wrong text;
  v_others bigint := 0;
  v_sum bigint := 0;
  v_available bigint := 0;
  v_held bigint := 0;
  v_frozen bigint := 0;
  v_debt bigint := 0;
  v_threshold integer;
begin
  if (select count(*) from (select from posted limit 101) p) > 100 then
    select p.transfer_id, t.kind into v_transfer, v_kind
      from posted p left join credits.transfers t on t.id = p.transfer_id limit 1;
    with sums as (
      select p.balance_id, sum(p.amount)::bigint as amount, bool_or(p.transfer_id <> v_transfer) as is_other
      from posted p group by p.balance_id
    ), moved as (
      update credits.balances b set amount = b.amount + s.amount from sums s where b.id = s.balance_id
      returning b.account_id, b.kind, b.grant_id, b.amount as after, s.amount as change, s.is_other
    ), depleted as (  -- to nothing, or from nothing
      update credits.grants g set is_depleted = (m.after = 0) from moved m
      where g.id = m.grant_id and m.kind = 'available' and (m.after = 0 or m.after = m.change)
    )
    select (select a.account_id from moved a limit 1), count(*) filter (where m.is_other) + count(distinct m.account_id) - 1, sum(m.change),
        coalesce(sum(m.change) filter (where m.kind = 'available'), 0), coalesce(sum(m.change) filter (where m.kind = 'held'), 0),
        coalesce(sum(m.change) filter (where m.kind = 'frozen'), 0), coalesce(sum(m.change) filter (where m.kind = 'debt'), 0),
        (select min(d.kind) from (select distinct w.kind, sign(w.change)::bigint as sign from moved w) d
          where not credits.may_move(v_kind, d.kind, d.sign))
      into strict v_account, v_others, v_sum, v_available, v_held, v_frozen, v_debt, v_wrong
      from moved m;
    if v_others > 0 then
      raise exception 'the lines of transfer % came with those of another transfer or account', v_transfer
        using errcode = 'check_violation';
    end if;
  else
    for v_line in
      select p.transfer_id, p.balance_id, sum(p.amount)::bigint as amount from posted p group by p.transfer_id, p.balance_id
    loop
      update credits.balances b set amount = b.amount + v_line.amount where b.id = v_line.balance_id returning * into v_balance;
      if v_transfer is null then
        v_transfer := v_line.transfer_id;
        v_account := v_balance.account_id;
        select t.kind into v_kind from credits.transfers t where t.id = v_transfer;
      end if;
      if v_transfer <> v_line.transfer_id or v_account <> v_balance.account_id then
        raise exception 'the lines of transfer % came with those of another transfer or account', v_transfer
          using errcode = 'check_violation';
      end if;
      if not credits.may_move(v_kind, v_balance.kind, v_line.amount) then
        v_wrong := v_balance.kind;
      end if;
      v_sum := v_sum + v_line.amount;
      case v_balance.kind
        when 'available' then
          v_available := v_available + v_line.amount;
          if v_balance.amount = 0 or v_balance.amount = v_line.amount then  -- to nothing, or from nothing
            update credits.grants g set is_depleted = (v_balance.amount = 0) where g.id = v_balance.grant_id;
          end if;
        when 'held' then v_held := v_held + v_line.amount;
        when 'frozen' then v_frozen := v_frozen + v_line.amount;
        when 'debt' then v_debt := v_debt + v_line.amount;
        else null;  -- not rolled up
      end case;
    end loop;
  end if;
  if v_sum <> 0 then
    raise exception 'the lines of transfer % do not sum to 0', v_transfer using errcode = 'check_violation';
  end if;
  if v_wrong is not null then
    raise exception 'a transfer of kind % does not move % this way', v_kind, v_wrong using errcode = 'check_violation';
  end if;
  if v_transfer is null then
    return null;
  end if;

  update credits.account_balances p
    set available = p.available + v_available, held = p.held + v_held, frozen = p.frozen + v_frozen, debt = p.debt + v_debt,
      position = p.position + 1
    where p.account_id = v_account returning * into strict v_totals;
  insert into credits.statement_lines (account_id, position, transfer_id, change, available, held, frozen, debt)
    values (v_account, v_totals.position, v_transfer, v_available, v_totals.available, v_totals.held, v_totals.frozen, v_totals.debt);
  select c.low_balance_credits into strict v_threshold from credits.policy c where c.id = 1;
  if v_totals.is_low <> (v_totals.available < v_threshold) then
    update credits.account_balances p set is_low = not p.is_low where p.account_id = v_account;
    if not v_totals.is_low then
      insert into credits.notices (kind, account_id, available, threshold)
        values ('low_balance', v_account, v_totals.available, v_threshold);
    end if;
  end if;
  return null;
end $$;
create trigger entries_posted after insert on credits.entries
  referencing new table as posted for each statement execute function credits.post_entries();

-- Rejects changes of written rows. Privileges are not enough: they do not bind the owner, whose functions write here.
create function credits.reject_change() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception '%.% is immutable: % refused', tg_table_schema, tg_table_name, tg_op
    using errcode = 'insufficient_privilege';
end $$;
create trigger transfers_immutable before update or delete on credits.transfers
  for each row execute function credits.reject_change();
create trigger transfers_not_truncated before truncate on credits.transfers
  for each statement execute function credits.reject_change();
create trigger entries_immutable before update or delete on credits.entries
  for each row execute function credits.reject_change();
create trigger entries_not_truncated before truncate on credits.entries
  for each statement execute function credits.reject_change();

-- The same for other rows of the ledger.
create trigger statement_lines_immutable before update or delete on credits.statement_lines
  for each row execute function credits.reject_change();
create trigger grants_immutable before update on credits.grants for each row
  when ((old.id, old.account_id, old.source, old.amount, old.priority, old.expires_at, old.idempotency_key, old.created_at)
    is distinct from
    (new.id, new.account_id, new.source, new.amount, new.priority, new.expires_at, new.idempotency_key, new.created_at))
  execute function credits.reject_change();
create trigger grants_not_deleted before delete on credits.grants for each row execute function credits.reject_change();
create trigger holds_immutable before update on credits.holds for each row
  when ((old.id, old.account_id, old.amount, old.created_at) is distinct from (new.id, new.account_id, new.amount, new.created_at)
    or (old.state = 'settled' and (old.state, old.captured, old.released, old.settled_at)
      is distinct from (new.state, new.captured, new.released, new.settled_at)))
  execute function credits.reject_change();
create trigger holds_not_deleted before delete on credits.holds for each row
  when (old.account_id is not null) execute function credits.reject_change();  -- tombstones may be deleted
create trigger revocations_immutable before update on credits.revocations for each row
  when ((old.idempotency_key, old.grant_key, old.account_id, old.amount, old.created_at)
      is distinct from (new.idempotency_key, new.grant_key, new.account_id, new.amount, new.created_at)
    or (old.taken + old.awaited + old.owed > 0
      and (old.taken, old.awaited, old.owed) is distinct from (new.taken, new.awaited, new.owed)))
  execute function credits.reject_change();
create trigger revocations_not_deleted before delete on credits.revocations for each row execute function credits.reject_change();
create trigger freezes_immutable before update on credits.freezes for each row
  when (old.unfrozen_at is not null or (old.idempotency_key, old.grant_key, old.account_id, old.created_at)
    is distinct from (new.idempotency_key, new.grant_key, new.account_id, new.created_at))
  execute function credits.reject_change();
create trigger freezes_not_deleted before delete on credits.freezes for each row execute function credits.reject_change();

-- Both tables of balances are updated by triggers on entries and reversals, never by a statement of their own.
create trigger balances_moved_by_entries before update on credits.balances for each row
  when (pg_catalog.pg_trigger_depth() = 0) execute function credits.reject_change();
create trigger balances_not_deleted before delete on credits.balances for each row execute function credits.reject_change();
create trigger account_balances_moved_by_entries before update on credits.account_balances for each row
  when (pg_catalog.pg_trigger_depth() = 0) execute function credits.reject_change();
create trigger account_balances_not_deleted before delete on credits.account_balances for each row execute function credits.reject_change();
do $$
declare
  name text;
begin
  foreach name in array array['statement_lines', 'grants', 'holds', 'revocations', 'freezes', 'balances', 'account_balances'] loop
    execute format('create trigger %s_not_truncated before truncate on credits.%I
      for each statement execute function credits.reject_change()', name, name);
    execute format('revoke truncate on credits.%I from credits_owner', name);
  end loop;
end $$;
revoke update, delete, truncate on credits.entries from credits_owner;
-- The owner keeps UPDATE here: the foreign key of entries locks the transfer's row, which needs it. The trigger refuses the rest.
revoke delete, truncate on credits.transfers from credits_owner;

-- Revocations and freezes are counted, so that the audit notices one that was deleted before its grant arrived.
create function credits.count_reversal() returns trigger language plpgsql set search_path = '' as $$
begin
  update credits.account_balances p set reversal_count = p.reversal_count + 1 where p.account_id = new.account_id;
  return null;
end $$;
create trigger revocations_counted after insert on credits.revocations for each row execute function credits.count_reversal();
create trigger freezes_counted after insert on credits.freezes for each row execute function credits.count_reversal();

-- For every writer: a hold is due within a day. With a later time it would lock credits that nothing releases.
create function credits.assert_due_soon() returns trigger language plpgsql set search_path = '' as $$
begin
  if new.due_at > clock_timestamp() + interval '1 day' then
    raise exception 'hold % would come due at %, more than a day from now', new.id, new.due_at
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger holds_due_soon before insert or update of due_at on credits.holds
  for each row execute function credits.assert_due_soon();

reset role;

-- migrate:down
