#!/usr/bin/env bash
# Puts Debian's packages on the machine that the arguments name: each has a program of its own name, or of the name behind
# a `=`. Does nothing when all of the programs are there.
set -euo pipefail

# Debian keeps servers in sbin, which only root has on its path.
PATH="$PATH:/usr/local/sbin:/usr/sbin"
# And those of PostgreSQL in a folder of their version.
for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done
present() {
  local name
  for name in "$@"; do command -v "${name#*=}" >/dev/null || return 1; done
}

if present "$@"; then
  echo "Installed: $*"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi

# The tests start processes of their own: the packages' services stay off, and their ports free.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout "$1" apt-get -q -o DPkg::Lock::Timeout=60 "${@:2}"; }

for attempt in 1 2 3; do
  if apt 120 update && apt 400 install -y --no-install-recommends "${@%%=*}" && present "$@"; then exit 0; fi
  echo "attempt $attempt of 3 to install $* failed" >&2
  # What a killed attempt has left half done.
  "${as_root[@]}" timeout 60 dpkg --configure -a || true
  sleep $((attempt * 5))
done
exit 1
