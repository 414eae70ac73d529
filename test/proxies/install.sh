#!/usr/bin/env bash
# Puts Debian's nginx and haproxy on the machine, for `npm run test:proxies`. Does nothing when both are there.
set -euo pipefail

# Debian keeps them in sbin, which only root has on its path.
PATH="$PATH:/usr/local/sbin:/usr/sbin"
present() { command -v nginx >/dev/null && command -v haproxy >/dev/null; }

if present; then
  echo 'nginx and haproxy are installed.'
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi

# The tests start processes of their own: the packages' services stay off, and port 80 free.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout "$1" apt-get -q -o DPkg::Lock::Timeout=60 "${@:2}"; }

for attempt in 1 2 3; do
  if apt 120 update && apt 300 install -y --no-install-recommends nginx haproxy && present; then exit 0; fi
  echo "attempt $attempt of 3 to install nginx and haproxy failed" >&2
  # What a killed attempt has left half done.
  "${as_root[@]}" timeout 60 dpkg --configure -a || true
  sleep $((attempt * 5))
done
exit 1
