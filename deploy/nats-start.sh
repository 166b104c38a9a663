#!/bin/sh
# Puts the secrets where nats.conf reads them, then becomes the server. The quotes keep a password
# of digits a string: NATS parses what stands in the variable.
set -eu

for name in system L31 L31_administrator L22 L22_administrator; do
  variable=NATS_$(printf %s "$name" | tr a-z A-Z)_PASSWORD
  export "$variable=\"$(cat "/run/secrets/nats_$name")\""
done
exec nats-server --config /etc/nats/nats.conf
