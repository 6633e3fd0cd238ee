#!/usr/bin/env bash
# check-generated.sh: fails when `go generate` changes a file, that is, when
# somebody changed a source (openapi.yaml ...) and not what is made from it.
# Uncommitted work is left as it is: only what generating adds counts. Histories
# are recorded anew by `make generate` alone: each recording differs.
set -euo pipefail
cd "$(dirname "$0")/.."

snapshot() {
    git diff HEAD --no-ext-diff
    git ls-files --others --exclude-standard -z | xargs -0r sha256sum
}

before=$(snapshot)
go generate ./...
if after=$(snapshot) && [ "$before" != "$after" ]; then
    echo "generated files are not current; run 'make generate' and commit:" >&2
    git status --short >&2
    diff <(echo "$before") <(echo "$after") | head -60 >&2 || true
    exit 1
fi
echo "generated files are current"
