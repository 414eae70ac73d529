#!/usr/bin/env bash
# Puts Chromium on the machine, for `npm run test:browser`. Does nothing when CHROMIUM names one.
if [ -x "${CHROMIUM:-}" ]; then exit 0; fi
exec bash "$(dirname "$0")/../support/install-debian.sh" chromium
