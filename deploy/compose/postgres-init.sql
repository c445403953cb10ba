-- Run once as the superuser, on an empty data directory: the database, and the role that owns it and applies migrations.
-- That role is no superuser and bypasses no policy, as in production (libs/devstack: servers/first_role.py).
\getenv migrator_password OSLIRA_MIGRATOR_PASSWORD
create role oslira_migrator login createrole createdb nosuperuser nobypassrls password :'migrator_password';
-- On-call's login gets these roles from the migrator.
grant pg_monitor, pg_signal_backend to oslira_migrator with admin option, inherit false;
create database oslira owner oslira_migrator;
