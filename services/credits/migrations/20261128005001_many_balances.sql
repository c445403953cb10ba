-- migrate:up
set local role credits_owner;

-- As before; the balances and grants of many lines are moved by one statement, a few keep the small statements whose plans are kept.
create or replace function credits.post_entries() returns trigger language plpgsql set search_path = '' as $$
declare
  v_line record;
  v_balance credits.balances;
  v_transfer uuid;
  v_kind text;
  v_account uuid;
  v_purse credits.purses;
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
    ), drained as (  -- to nothing, or from nothing
      update credits.grants g set is_drained = (m.after = 0) from moved m
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
            update credits.grants g set is_drained = (v_balance.amount = 0) where g.id = v_balance.grant_id;
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

  update credits.purses p
    set available = p.available + v_available, held = p.held + v_held, frozen = p.frozen + v_frozen, debt = p.debt + v_debt,
      position = p.position + 1
    where p.account_id = v_account returning * into strict v_purse;
  insert into credits.statement_lines (account_id, position, transfer_id, change, available, held, frozen, debt)
    values (v_account, v_purse.position, v_transfer, v_available, v_purse.available, v_purse.held, v_purse.frozen, v_purse.debt);
  select c.low_balance_credits into strict v_threshold from credits.policy c where c.id = 1;
  if v_purse.is_low <> (v_purse.available < v_threshold) then
    update credits.purses p set is_low = not p.is_low where p.account_id = v_account;
    if not v_purse.is_low then
      insert into credits.notices (kind, account_id, available, threshold)
        values ('low_balance', v_account, v_purse.available, v_threshold);
    end if;
  end if;
  return null;
end $$;

reset role;

-- migrate:down
