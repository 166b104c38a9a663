#!/usr/bin/env bash
# Run once by the PostgreSQL image on an empty data folder: a database and its owner for each
# ledger, with the password of that ledger's own secret. No ledger may connect to another's.
set -euo pipefail

# The role in which the application works: it may add entries, and change or remove none.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --command 'CREATE ROLE hocba_app NOLOGIN'

for ledger in 31 22; do
  psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner="hocba_$ledger" --set secret="$(cat "/run/secrets/postgres_$ledger")" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'secret';
GRANT hocba_app TO :"owner";
CREATE DATABASE :"owner" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8'
  LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';
REVOKE CONNECT ON DATABASE :"owner" FROM PUBLIC;
SQL
done
