#!/usr/bin/env bash
# Puts PostgreSQL and PgBouncer on the machine, for `npm run test:databases`.
exec bash "$(dirname "$0")/../support/install-debian.sh" postgresql=postgres pgbouncer
