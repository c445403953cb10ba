-- migrate:up
set local role identity_owner;

-- A trial that waits for its user to answer a challenge: not due, since only the user can move it on. Once they have, it is `due`.
alter table identity.sign_ups drop constraint sign_ups_state_check,
  add constraint sign_ups_state_check check (state in ('due', 'challenge', 'allowed', 'done', 'refused'));

reset role;

-- migrate:down
