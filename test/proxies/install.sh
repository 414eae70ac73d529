#!/usr/bin/env bash
# Puts nginx and HAProxy on the machine, for `npm run test:proxies`.
exec bash "$(dirname "$0")/../support/install-debian.sh" nginx haproxy
