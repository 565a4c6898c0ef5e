#!/bin/sh
# Runs once, when the Postgres container makes its data directory: the two service roles and what they may touch.
set -eu

# psql's own variables, so that a password is quoted by psql and never by this shell.
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v gateway_password="$GATEWAY_DATABASE_PASSWORD" -v nvr_password="$NVR_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE nightjar_gateway LOGIN PASSWORD :'gateway_password';
CREATE ROLE nightjar_nvr LOGIN PASSWORD :'nvr_password';
SQL
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -f /nightjar/grant-schemas.sql
