#!/usr/bin/env bash
# contract.sh [lint] [clients]: holds api/openapi.yaml against tools that its readers
# use; without a word, against all of them.
#
#   lint      redocly's recommended rules and spectral:oas, without a warning
#   clients   openapi-typescript and openapi-python-client make clients that compile
#
# It needs Python 3.11 with venv. Everything else, Node.js included, it installs at the versions
# and checksums of scripts/contract/ (half a minute), once for each version of that folder.
set -euo pipefail
cd "$(dirname "$0")/.."
sources=$PWD/scripts/contract
contract=$PWD/api/openapi.yaml
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

say() { echo "contract: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# What is tried a second time: a registry fails now and then.
twice() { "$@" || { say "failed, once more: $*" && "$@"; }; }

# install_tools: the tools are in $tools, outside of the checkout as scripts/tool.sh has its own.
install_tools() {
    local python=${PYTHON:-python3}
    "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "Python 3.11 or newer with venv is lacking (Debian: apt-get install python3-venv)"
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
            -r "$sources/requirements.txt" >&2 || fail "pip could not install scripts/contract/requirements.txt"
        mkdir "$tools/npm"
        cp "$sources"/package{,-lock}.json "$tools/npm/"
        PATH=$tools/python/bin:$PATH twice npm ci --prefix "$tools/npm" --ignore-scripts --no-audit --no-fund \
            --loglevel=error >&2 || fail "npm could not install scripts/contract/package-lock.json"
        touch "$tools/whole"
    fi
    flock -u 9
    export PATH=$tools/npm/node_modules/.bin:$tools/python/bin:$PATH
}

lint() {
    say "redocly"
    redocly lint "$contract" --config "$sources/redocly.yaml" >"$work/redocly" 2>&1 || {
        cat "$work/redocly" >&2
        fail "redocly has objections to api/openapi.yaml"
    }
    say "spectral"
    spectral lint "$contract" --ruleset "$sources/spectral.yaml" --fail-severity=hint --quiet >&2 ||
        fail "spectral has objections to api/openapi.yaml"
}

clients() {
    say "openapi-typescript"
    mkdir "$work/typescript"
    cp "$sources"/{client.ts,tsconfig.json} "$work/typescript/"
    ln -s "$tools/npm/node_modules" "$work/typescript/node_modules"
    openapi-typescript "$contract" -o "$work/typescript/api.d.ts" >/dev/null ||
        fail "openapi-typescript can't read api/openapi.yaml"
    tsc -p "$work/typescript" >&2 || fail "what openapi-typescript makes of api/openapi.yaml doesn't compile"

    say "openapi-python-client"
    (cd "$work" && openapi-python-client generate --path "$contract" --meta none --output-path "$work/python/holdfast" \
        --fail-on-warning) >"$work/generate" 2>&1 || {
        cat "$work/generate" >&2
        fail "openapi-python-client has objections to api/openapi.yaml"
    }
    python -W error -m compileall -q "$work/python" >&2 || fail "what openapi-python-client makes doesn't compile"
    PYTHONPATH=$work/python python -W error "$sources/import_all.py" holdfast >&2 ||
        fail "what openapi-python-client makes can't be imported"
}

[ $# -gt 0 ] || set -- lint clients
for word in "$@"; do
    case $word in
    lint | clients) ;;
    *) fail "unknown word $word: lint or clients" ;;
    esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install_tools
for word in "$@"; do
    "$word"
done
say "passed: $*"
