-- migrate:up
set local role identity_owner;

-- The mailbox behind an address (identity/mailbox.py): a trial is given once to it. Users of before count by what can be told in SQL.
alter table identity.users add column mailbox text check (length(mailbox) <= 320);
update identity.users set mailbox = case
  when lower(email) like '%@gmail.com' or lower(email) like '%@googlemail.com'
    then replace(split_part(split_part(lower(email), '@', 1), '+', 1), '.', '') || '@gmail.com'
  else split_part(split_part(lower(email), '@', 1), '+', 1) || '@' || split_part(lower(email), '@', 2) end
 where email is not null;
create index users_mailbox on identity.users (mailbox);

-- The mail host that a trial is counted against, as a keyed hash; null for hosts that anybody may use, and once it isn't needed.
alter table identity.sign_ups add column mail_host text;

reset role;

-- migrate:down
