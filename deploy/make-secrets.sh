#!/bin/sh
# Makes the secrets compose.yaml reads, each in a file of its own under deploy/secrets; one that is
# there is kept. The folder is closed to others; the files are readable because the containers,
# which see only their own, run as users of other numbers.
set -eu

folder=$(dirname "$0")/secrets
umask 077
mkdir -p "$folder"
for name in postgres_superuser postgres_31 postgres_22; do
  if [ ! -s "$folder/$name" ]; then
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name"
    chmod 444 "$folder/$name"
  fi
done
echo "secrets are in $folder"
