#!/usr/bin/env bash
# check-generated.sh: fails if `go generate` changes a file, that is, if a source
# (openapi.yaml ...) was changed without regenerating what is made from it. Uncommitted
# work is allowed: only changes made by generating count. Histories are recorded only by
# `make generate`, because each recording differs.
set -euo pipefail
cd "$(dirname "$0")/.."

snapshot() {
    git diff HEAD --no-ext-diff
    git ls-files --others --exclude-standard -z | xargs -0r sha256sum
}

before=$(snapshot)
go generate ./...
if after=$(snapshot) && [ "$before" != "$after" ]; then
    echo "generated files are out of date; run 'make generate' and commit:" >&2
    git status --short >&2
    diff <(echo "$before") <(echo "$after") | head -60 >&2 || true
    exit 1
fi
echo "generated files are up to date"
