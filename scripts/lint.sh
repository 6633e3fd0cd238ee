#!/usr/bin/env bash
# lint.sh [golangci-lint flags]: checks both modules against .golangci.yml, and the
# workflows with workflowcheck, which finds code that makes a replay differ (map ranges,
# clocks, goroutines).
set -euo pipefail
cd "$(dirname "$0")/.."
lint=$(scripts/tool.sh golangci-lint)
check=$(scripts/tool.sh workflowcheck)
config=$PWD/.golangci.yml
failed=0

for module in . dev; do
    echo "golangci-lint in $module"
    # The tags are those of dev/'s tests, so that their compiled packages are reused.
    tags=()
    [ "$module" != dev ] || tags=(--build-tags release)
    (cd "$module" && "$lint" run --config "$config" ${tags[@]+"${tags[@]}"} "$@" ./...) || failed=1
done
echo "workflowcheck on ./workflows"
"$check" ./workflows/... || failed=1
exit "$failed"
