#!/usr/bin/env bash
# fmt.sh: formats both modules according to .golangci.yml (gofumpt, grouped imports).
set -euo pipefail
cd "$(dirname "$0")/.."
lint=$(scripts/tool.sh golangci-lint)
config=$PWD/.golangci.yml
for module in . dev; do
    (cd "$module" && "$lint" fmt --config "$config")
done
