#!/usr/bin/env bash
# Five databases, each with two roles: one that owns the tables, one that may only read and write their rows.
set -euo pipefail

for name in customer feedback channel_router risk kpi; do
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
        --set=name="$name" --set=owner="${name}_migrator" --set=app="${name}_app" \
        --set=owners="$CXBANK_MIGRATOR_PASSWORD" --set=apps="$CXBANK_APP_PASSWORD" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'owners';
CREATE ROLE :"app" LOGIN PASSWORD :'apps';
CREATE DATABASE :"name" OWNER :"owner";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"app";
\connect :"name"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO :"owner";
GRANT USAGE ON SCHEMA public TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO :"app";
SQL
done
