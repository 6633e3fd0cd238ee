#!/usr/bin/env bash
# tool.sh NAME: builds the pinned version of a development tool once and prints
# the path of its binary. The binaries are kept outside the checkout, by tool
# version and by Go version (a linter built with an older Go refuses newer code),
# so that a fresh clone doesn't build them again.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/versions.sh

case "${1:?name of the tool}" in
golangci-lint) package=github.com/golangci/golangci-lint/v2/cmd/golangci-lint version=$GOLANGCI_LINT_VERSION ;;
workflowcheck) package=go.temporal.io/sdk/contrib/tools/workflowcheck version=$WORKFLOWCHECK_VERSION ;;
stripe-mock) package=github.com/stripe/stripe-mock version=$STRIPE_MOCK_VERSION ;;
govulncheck) package=golang.org/x/vuln/cmd/govulncheck version=$GOVULNCHECK_VERSION ;;
*)
    echo "tool.sh: there is no tool named $1" >&2
    exit 2
    ;;
esac

cache=${HOLDFAST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast}
dir=$cache/$1-$version-$(go env GOVERSION)
if [ ! -x "$dir/$1" ]; then
    echo "building $1 $version (once)" >&2
    # Built elsewhere and moved, so that an interrupted build leaves nothing that looks complete.
    mkdir -p "$cache"
    fresh=$(mktemp -d "$cache/build.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    GOBIN=$fresh GOFLAGS= go install "$package@$version" >&2
    mkdir -p "$dir"
    mv "$fresh/$1" "$dir/$1"
fi
echo "$dir/$1"
