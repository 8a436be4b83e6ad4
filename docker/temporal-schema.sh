#!/bin/sh
# Creates or updates the two databases of the Temporal server. Runs before every start of the server and does
# nothing when they are up to date.
set -eu

tool() {
  temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" "$@"
}

bring_up_to_date() {
  database=$1
  versions=/etc/temporal/schema/postgresql/v12/$2/versioned
  # A new set-up would reset the recorded version of an old one, so an update is tried first.
  if tool --db "$database" update-schema -d "$versions"; then return; fi
  tool --db "$database" create
  tool --db "$database" setup-schema -v 0.0
  tool --db "$database" update-schema -d "$versions"
}

bring_up_to_date "$DBNAME" temporal
bring_up_to_date "$VISIBILITY_DBNAME" visibility
