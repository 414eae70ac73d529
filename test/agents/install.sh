#!/usr/bin/env bash
# Installs two APM agents into .cache/agents, for `npm run test:agents`. Does nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The newest dd-trace that runs on Node 20.
agents=(dd-trace@5.132.0 elastic-apm-node@4.18.0)
folder=.cache/agents

present() {
  local agent
  for agent in "${agents[@]}"; do
    grep -q "\"version\": \"${agent##*@}\"" "$folder/node_modules/${agent%@*}/package.json" 2>/dev/null || return 1
  done
}

if present; then
  echo "${agents[*]} are installed."
  exit 0
fi

mkdir -p "$folder"
echo '{ "private": true }' >"$folder/package.json"
npm install --prefix "$folder" --no-audit --no-fund "${agents[@]}"
