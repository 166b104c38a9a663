#!/bin/sh
# Builds DATABASE_URL and NATS_URL from the ledger's secrets, then becomes the command given.
# That is `hocba transfer-agent` for a service, `hocba init --province CODE` once before it, and
# `hocba status` as its health check (compose.yaml). The secrets made by make-secrets.sh are
# hexadecimal, so they need no quoting in a URL.
set -eu

ledger=${HOCBA_LEDGER:?name the ledger in HOCBA_LEDGER}
DATABASE_URL="postgresql://hocba_$ledger:$(cat "/run/secrets/postgres_$ledger")@postgres/hocba_$ledger"
NATS_URL="nats://L$ledger:$(cat "/run/secrets/nats_L$ledger")@nats:4222"
export DATABASE_URL NATS_URL
exec "$@"
