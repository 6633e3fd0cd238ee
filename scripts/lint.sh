#!/usr/bin/env bash
# lint.sh [golangci-lint flags]: both modules against .golangci.yml, and the
# workflows against workflowcheck, which finds what makes a replay come out
# differently (map ranges, clocks, goroutines).
set -euo pipefail
cd "$(dirname "$0")/.."
lint=$(scripts/tool.sh golangci-lint)
check=$(scripts/tool.sh workflowcheck)
config=$PWD/.golangci.yml
failed=0

for module in . dev; do
    echo "golangci-lint in $module"
    # With the tags that dev/ is tested with: what was compiled for that is used again.
    tags=()
    [ "$module" != dev ] || tags=(--build-tags release)
    (cd "$module" && "$lint" run --config "$config" ${tags[@]+"${tags[@]}"} "$@" ./...) || failed=1
done
echo "workflowcheck on ./workflows"
"$check" ./workflows/... || failed=1
exit "$failed"
