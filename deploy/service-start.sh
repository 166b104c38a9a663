#!/bin/sh
# Builds DATABASE_URL from the ledger's secret and names its papers for NATS, then becomes the
# command given. That is `hocba transfer-agent` for a service, `hocba init --province CODE` once
# before it, and `hocba status` as its health check (compose.yaml). The secrets made by
# make-secrets.sh are hexadecimal, so they need no quoting in a URL.
set -eu

ledger=${HOCBA_LEDGER:?name the ledger in HOCBA_LEDGER}
DATABASE_URL="postgresql://hocba_$ledger:$(cat "/run/secrets/postgres_$ledger")@postgres/hocba_$ledger"
NATS_URL=tls://nats:4222
HOCBA_NATS_CREDS=/run/nats/worker.creds
HOCBA_NATS_CA=/run/nats/ca.pem
HOCBA_NATS_CERT=/run/nats/client.pem
HOCBA_NATS_KEY=/run/nats/client.key
export DATABASE_URL NATS_URL HOCBA_NATS_CREDS HOCBA_NATS_CA HOCBA_NATS_CERT HOCBA_NATS_KEY
exec "$@"
