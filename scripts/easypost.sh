#!/usr/bin/env bash
# easypost.sh: lets EasyPost's own Python package verify what carrier/easypost signs, and refuse what it
# refuses. It needs Python 3 with venv; the package is installed into a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work"
"$work/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r scripts/easypost/requirements.txt || {
    registry=${PIP_INDEX_URL:-https://pypi.org/simple/}
    # If the registry can't be reached, that is a problem of the network.
    curl -sS --retry 1 --max-time 15 -o /dev/null "$registry" && exit 1
    echo "easypost: skipped, $registry can't be reached" >&2
    exit 0
}
EASYPOST_PYTHON=$work/bin/python go test -count=1 -run TestEasyPostsOwnPackageAgrees ./carrier/easypost
