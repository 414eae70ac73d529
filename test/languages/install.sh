#!/usr/bin/env bash
# Puts Debian's Go and the C core's gRPC for Python on the machine, for `npm run test:languages`. Does nothing when both are
# there. What can't be had is named, and its tests are reported as skipped: that is no failure.
set -euo pipefail

# Debian's packages belong to Debian's Python, which need not be the first on the path.
has_go() { command -v go >/dev/null || [ -x /usr/lib/go/bin/go ]; }
has_grpc() { /usr/bin/python3 -c 'import grpc' 2>/dev/null || python3 -c 'import grpc' 2>/dev/null; }

missing() {
  has_go || echo golang-go
  has_grpc || echo python3-grpcio
}

if [ -z "$(missing)" ]; then
  echo 'Go and gRPC for Python are installed.'
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout "$1" apt-get -q -o DPkg::Lock::Timeout=60 "${@:2}"; }

for attempt in 1 2 3; do
  apt 120 update || true
  # One by one: that one of them can't be had says nothing about the other.
  for package in $(missing); do apt 300 install -y --no-install-recommends "$package" || true; done
  if [ -z "$(missing)" ]; then exit 0; fi
  echo "attempt $attempt of 3 to install" $(missing) 'failed' >&2
  # What a killed attempt has left half done.
  "${as_root[@]}" timeout 60 dpkg --configure -a || true
  sleep $((attempt * 5))
done
echo 'ABSENT, and the tests that need it are skipped:' $(missing) >&2
