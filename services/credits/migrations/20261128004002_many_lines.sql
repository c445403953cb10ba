-- migrate:up
set local role credits_owner;

-- As before; many lines find their balances by the grant's index: `is not distinct from` compared each with all of the account's.
create or replace function credits.post(p_transfer_id uuid, p_account_id uuid, p_lines credits.line[]) returns void
language plpgsql set search_path = '' as $$
declare
  v_line credits.line;
  v_id bigint;
  v_ids bigint[] := '{}';
  v_amounts integer[] := '{}';
begin
  if cardinality(p_lines) > 100 then
    insert into credits.balances (account_id, kind, grant_id)
      select distinct p_account_id, l.kind, l.grant_id from unnest(p_lines) l where l.amount <> 0 on conflict do nothing;
    insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
      select p_transfer_id, row_number() over (order by l.n), p_account_id, coalesce(g.id, a.id), l.amount
      from unnest(p_lines) with ordinality as l(kind, grant_id, amount, n)
      left join credits.balances g on g.grant_id = l.grant_id and g.kind = l.kind
      left join credits.balances a on a.account_id = p_account_id and a.kind = l.kind and a.grant_id is null and l.grant_id is null
      where l.amount <> 0;
    return;
  end if;
  foreach v_line in array p_lines loop
    continue when v_line.amount = 0;
    if v_line.grant_id is null then
      select b.id into v_id from credits.balances b
        where b.account_id = p_account_id and b.kind = v_line.kind and b.grant_id is null;
    else
      select b.id into v_id from credits.balances b
        where b.account_id = p_account_id and b.kind = v_line.kind and b.grant_id = v_line.grant_id;
    end if;
    if not found then
      insert into credits.balances (account_id, kind, grant_id) values (p_account_id, v_line.kind, v_line.grant_id)
        returning id into v_id;
    end if;
    v_ids := v_ids || v_id;
    v_amounts := v_amounts || v_line.amount;
  end loop;
  insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
    select p_transfer_id, l.n, p_account_id, l.id, l.amount
    from unnest(v_ids, v_amounts) with ordinality as l(id, amount, n);
end $$;

reset role;

-- migrate:down
