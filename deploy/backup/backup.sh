#!/bin/sh
# Backs Piculus up while it runs: the database as one consistent picture, and the files without which it is of no use.
#   PICULUS_DATABASE_URL=postgres://… PICULUS_DATA_DIR=/var/lib/piculus/7070 backup.sh FOLDER
# The files hold every secret of the installation. Keep the folder as you keep those.
set -eu
umask 077
folder=${1:?usage: backup.sh FOLDER}
: "${PICULUS_DATABASE_URL:?}" "${PICULUS_DATA_DIR:?}"
mkdir -p "$folder"
# The keys first: a key that is made in between is then newer than the backup, never missing from what it signed.
set -- -C "$PICULUS_DATA_DIR" --exclude=./database --exclude=./databases --exclude=./logs .
# Keys that several nodes share may stand in a folder of their own.
if [ -n "${PICULUS_SIGNING_KEYS_DIR:-}" ]; then
  mkdir -p "$folder/signing-keys"
  cp -p "$PICULUS_SIGNING_KEYS_DIR"/* "$folder/signing-keys/"
fi
tar -czf "$folder/files.tar.gz" "$@"
pg_dump --format=custom --no-owner --file="$folder/database.dump.part" "$PICULUS_DATABASE_URL"
mv "$folder/database.dump.part" "$folder/database.dump"
(cd "$folder" && sha256sum database.dump files.tar.gz >SHA256SUMS)
du -sh "$folder"
