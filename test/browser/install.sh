#!/usr/bin/env bash
# Puts Debian's Chromium on the machine, for `npm run test:browser`. Does nothing when it is there.
set -euo pipefail

present() { [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; }

if present; then
  echo 'Chromium is installed.'
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout "$1" apt-get -q -o DPkg::Lock::Timeout=60 "${@:2}"; }

for attempt in 1 2 3; do
  if apt 120 update && apt 400 install -y --no-install-recommends chromium && present; then exit 0; fi
  echo "attempt $attempt of 3 to install Chromium failed" >&2
  # What a killed attempt has left half done.
  "${as_root[@]}" timeout 60 dpkg --configure -a || true
  sleep $((attempt * 5))
done
exit 1
