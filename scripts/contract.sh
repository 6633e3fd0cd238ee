#!/usr/bin/env bash
# contract.sh [lint] [clients] [requests]: checks api/openapi/openapi.yaml with the tools that its readers
# use; without arguments, with all of them.
#
#   lint      redocly's recommended rules and spectral:oas, without warnings
#   clients   openapi-typescript and openapi-python-client generate clients that compile
#   requests  schemathesis sends at least 2,000 requests, valid and invalid, to a running holdfast-dev
#
# It needs Python 3.11 with venv, and Go for the requests. It installs everything else, including Node.js, at the versions
# and checksums in scripts/contract/ (half a minute), once for each version of that folder.
set -euo pipefail
cd "$(dirname "$0")/.."
sources=$PWD/scripts/contract
contract=$PWD/api/openapi/openapi.yaml
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

say() { echo "contract: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# uninstalled URL MESSAGE: handles a failed installation. If the registry can't be reached, the checks are skipped: that is
# a problem of the network, not of the contract.
uninstalled() {
    curl -sS --retry 1 --max-time 15 -o /dev/null "$1" 2>/dev/null && fail "$2"
    say "skipped, $1 can't be reached"
    exit 0
}

# Runs a command, and once more if it fails: registries fail occasionally.
twice() { "$@" || { say "failed, trying again: $*" && "$@"; }; }

# install_tools installs the tools into $tools, outside the checkout like those of scripts/tool.sh.
install_tools() {
    local python=${PYTHON:-python3}
    "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "Python 3.11 or newer with venv is missing (Debian: apt-get install python3-venv)"
    local versions
    versions=$(cat "$sources"/{requirements.txt,package-lock.json} <("$python" -VV) | sha256sum | cut -c1-16)
    tools=${HOLDFAST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast}/contract-$versions
    mkdir -p "$tools"
    exec 9>"$tools/lock"
    flock 9
    if [ ! -e "$tools/whole" ]; then
        say "installing redocly, spectral and the generators into $tools (once)"
        rm -rf "$tools/python" "$tools/npm"
        "$python" -m venv "$tools/python"
        twice "$tools/python/bin/python" -m pip install -q --disable-pip-version-check --require-hashes \
            -r "$sources/requirements.txt" >&2 || uninstalled "${PIP_INDEX_URL:-https://pypi.org/simple/}" "pip could not install scripts/contract/requirements.txt"
        mkdir "$tools/npm"
        cp "$sources"/package{,-lock}.json "$tools/npm/"
        PATH=$tools/python/bin:$PATH twice npm ci --prefix "$tools/npm" --ignore-scripts --no-audit --no-fund \
            --loglevel=error >&2 || uninstalled "$(npm config get registry)" "npm could not install scripts/contract/package-lock.json"
        touch "$tools/whole"
    fi
    flock -u 9
    export PATH=$tools/npm/node_modules/.bin:$tools/python/bin:$PATH
}

lint() {
    say "redocly"
    redocly lint "$contract" --config "$sources/redocly.yaml" >"$work/redocly" 2>&1 || {
        cat "$work/redocly" >&2
        fail "redocly reports problems in api/openapi/openapi.yaml"
    }
    say "spectral"
    spectral lint "$contract" --ruleset "$sources/spectral.yaml" --fail-severity=hint --quiet >&2 ||
        fail "spectral reports problems in api/openapi/openapi.yaml"
}

clients() {
    say "openapi-typescript"
    mkdir "$work/typescript"
    cp "$sources"/{client.ts,tsconfig.json} "$work/typescript/"
    ln -s "$tools/npm/node_modules" "$work/typescript/node_modules"
    openapi-typescript "$contract" -o "$work/typescript/api.d.ts" >/dev/null ||
        fail "openapi-typescript can't read api/openapi/openapi.yaml"
    tsc -p "$work/typescript" >&2 || fail "the client that openapi-typescript generates doesn't compile"

    say "openapi-python-client"
    # It knows no JSON lines, and leaves out the calls that take them.
    (cd "$work" && openapi-python-client generate --path "$contract" --meta none --output-path "$work/python/holdfast") \
        >"$work/generate" 2>&1 && ! grep -E '^(WARNING|ERROR)' "$work/generate" | grep -qvE 'parsing POST /v1/(products|stock)/bulk ' || {
        cat "$work/generate" >&2
        fail "openapi-python-client reports problems in api/openapi/openapi.yaml"
    }
    python -W error -m compileall -q "$work/python" >&2 || fail "the client that openapi-python-client generates doesn't compile"
    PYTHONPATH=$work/python python -W error "$sources/import_all.py" holdfast >&2 ||
        fail "the client that openapi-python-client generates can't be imported"
}

# stop_dev stops the stack that `requests` started.
stop_dev() {
    [ -n "$dev" ] || return 0
    kill "$dev" 2>/dev/null || true
    wait "$dev" 2>/dev/null || true
    dev=
}

# With authentication, so that calls without a token are checked against the contract too.
requests() {
    say "schemathesis"
    scripts/build.sh dev ./cmd/holdfast-dev "$work/holdfast-dev" || fail "holdfast-dev can't be built"
    export HOLDFAST_JWT_SECRET=a-secret-of-this-run-and-of-no-other
    env -u REDIS_URL -u ELASTICSEARCH_URL -u TEMPORAL_ADDRESS HOLDFAST_AUTH=jwt "$work/holdfast-dev" \
        --http-addr 127.0.0.1:0 --temporal-port 0 --ui-port 0 --redis-port 0 >"$work/dev.out" 2>"$work/dev.err" &
    dev=$!
    local left=600
    until grep -q '^Holdfast is ready' "$work/dev.out"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] && kill -0 "$dev" 2>/dev/null || {
            tail -n 20 "$work/dev.err" >&2
            fail "holdfast-dev doesn't start"
        }
        sleep 0.1
    done
    local url token status=0 sent
    url=$(sed -n 's/^Gateway *//p' "$work/dev.out")
    token=$(python "$sources/operator_token.py")
    # One worker, because Python's parser miscounts its depth when two threads use it (CPython issue 106905).
    # In the work folder, because what it stores between runs doesn't belong in the checkout.
    (cd "$work" && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$sources timeout 600 schemathesis --config-file "$sources/schemathesis.toml" --no-color \
        run "$contract" --url "$url" --header "Authorization: Bearer $token" --workers 1) >"$work/schemathesis" 2>&1 || status=$?
    sent=$(sed -n 's/^ *\([0-9][0-9]*\) generated.*/\1/p' "$work/schemathesis")
    stop_dev
    if [ "$status" -ne 0 ]; then
        cut -c1-500 "$work/schemathesis" >&2
        fail "the gateway's responses don't match api/openapi/openapi.yaml (schemathesis: status $status)"
    fi
    [ "${sent:-0}" -ge 2000 ] || fail "schemathesis sent ${sent:-no} requests, but at least 2,000 are required: raise max-examples"
    say "$sent requests, all answered according to the contract"
}

[ $# -gt 0 ] || set -- lint clients requests
for word in "$@"; do
    case $word in
    lint | clients | requests) ;;
    *) fail "unknown argument $word: use lint, clients or requests" ;;
    esac
done
work=$(mktemp -d)
dev=
trap 'stop_dev; rm -rf "$work"' EXIT
install_tools
for word in "$@"; do
    "$word"
done
say "passed: $*"
