#!/bin/sh
# Restores what backup.sh made into an empty database and a folder that is not there yet. Nothing is overwritten.
#   PICULUS_DATABASE_URL=postgres://…/empty PICULUS_DATA_DIR=/var/lib/piculus/7070 restore.sh FOLDER
set -eu
umask 077
folder=${1:?usage: restore.sh FOLDER}
: "${PICULUS_DATABASE_URL:?}" "${PICULUS_DATA_DIR:?}"
if [ -e "$PICULUS_DATA_DIR" ]; then
  echo "$PICULUS_DATA_DIR is there already; give another folder, or move it away" >&2
  exit 1
fi
(cd "$folder" && sha256sum --check --quiet SHA256SUMS)
# One transaction: a database that is not empty, or a file that is cut short, leaves nothing half.
pg_restore --no-owner --exit-on-error --single-transaction --dbname="$PICULUS_DATABASE_URL" "$folder/database.dump"
mkdir -p "$PICULUS_DATA_DIR"
tar -xzf "$folder/files.tar.gz" -C "$PICULUS_DATA_DIR"
if [ -d "$folder/signing-keys" ] && [ -n "${PICULUS_SIGNING_KEYS_DIR:-}" ]; then
  mkdir -p "$PICULUS_SIGNING_KEYS_DIR"
  cp -pn "$folder/signing-keys/"* "$PICULUS_SIGNING_KEYS_DIR/"
fi
psql -X -q --no-align --tuples-only "$PICULUS_DATABASE_URL" --command='ANALYZE'
