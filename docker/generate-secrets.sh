#!/bin/sh
# Prints a .env with fresh secrets for compose.yml:  (umask 077; sh docker/generate-secrets.sh > docker/.env)
# Keep it: NIGHTJAR_SECRET_KEY decrypts what the database stores, the passwords are those of the existing roles.
set -eu
hex() { openssl rand -hex 24; }

cat <<ENV
# Made $(date -u +%Y-%m-%d) by docker/generate-secrets.sh. Back it up with the database.
POSTGRES_PASSWORD=$(hex)
GATEWAY_DATABASE_PASSWORD=$(hex)
NVR_DATABASE_PASSWORD=$(hex)
NATS_TOKEN=$(hex)
NIGHTJAR_SECRET_KEY=$(openssl rand -base64 32)
BOOTSTRAP_ADMIN_PASSWORD=$(hex)
BOOTSTRAP_API_KEY=$(hex)
ADAPTER_API_KEY=$(hex)
INTERNAL_API_KEY=$(hex)
ENV
