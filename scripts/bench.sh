#!/usr/bin/env bash
# bench.sh [saga|prices|commands|providers|growth|reservations|flash|carriers|delist|open|replay|outage|money|packages|search|fresh|projector|busy|million ...]:
# runs benchmarks and prints Markdown for docs/benchmarks.md. Everything runs on this
# machine, with its own folders and ports. Without a name it runs all of them, which
# takes about three hours.
#
#   HOLDFAST_ONLINE_RETAIL  the UCI file (online_retail.csv.gz) for replay, outage, money and packages
#   ELASTICSEARCH_URL       for search, fresh, projector, busy and million
set -euo pipefail
cd "$(dirname "$0")/.."
bench=bin/holdfast-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log

machine() {
    printf 'Machine: %s, %d processors, %s; %s; redis-server %s.\n' \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
        "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)" \
        "$(go env GOVERSION)" "$(redis-server --version | sed -n 's/.*v=\([0-9.]*\).*/\1/p')"
}

section() { printf '\n## %s\n\n' "$1"; }

saga() {
    section "Orders placed and paid, on files"
    "$bench" saga --data "$work/saga" 2>>"$log"
    section "Orders placed and paid, in memory"
    "$bench" saga 2>>"$log"
}
providers() {
    section "Orders placed and paid, with tokens and at a provider"
    "$bench" providers --data "$work/providers" 2>>"$log"
}
growth() {
    section "What an order costs after many others, and a kill under load"
    "$bench" growth --data "$work/growth" 2>>"$log"
}
reservations() { section "Reservations"; "$bench" reservations 2>>"$log"; }
prices() {
    section "Orders with a member level, a promotion and a coupon"
    "$bench" prices --data "$work/prices" 2>>"$log"
}
commands() {
    section "Orders with three built-in commands, and with a script"
    "$bench" commands --data "$work/commands" 2>>"$log"
    "$bench" commands --script --data "$work/commands-script" 2>>"$log"
}
attacks() { section "Orders beside scripts that never end"; "$bench" attacks --data "$work/attacks" 2>>"$log"; }
pages() { section "Pages"; "$bench" pages --data "$work/pages" 2>>"$log"; }
carriers() { section "Callbacks of a carrier"; "$bench" carriers 2>>"$log"; }
flash() { section "Flash sale"; "$bench" flash 2>>"$log"; }
delist() { section "Delisting"; "$bench" delist 2>>"$log"; }
open() { section "Many open orders"; "$bench" open 2>>"$log"; }
replay() { section "A year of orders"; scripts/bench-replay.sh "$work/replay"; }

# The views, on a real Elasticsearch: ELASTICSEARCH_URL.
search() { section "Searches"; "$bench" search 2>>"$log"; }
fresh() { section "From a change to the search that shows it"; "$bench" fresh 2>>"$log"; }
projector() { section "Carrying changes into the views"; "$bench" projector 2>>"$log"; }
busy() { section "Orders while the projector works"; "$bench" busy 2>>"$log"; }
million() { section "A million products"; "$bench" million 2>>"$log"; }
outage() { section "A year of orders, with an outage of Elasticsearch"; OUTAGE=yes scripts/bench-replay.sh "$work/outage"; }
money() { section "A year of orders, paid at a provider that fails"; MONEY=yes scripts/bench-replay.sh "$work/money"; }
packages() { section "A year of orders, in packages"; PACKAGES=yes scripts/bench-replay.sh "$work/packages"; }

if [ $# -eq 0 ]; then
    set -- saga prices commands attacks pages providers growth reservations flash carriers delist open replay outage money packages
    [ -z "${ELASTICSEARCH_URL:-}" ] || set -- "$@" search fresh projector busy million
fi
machine
for name in "$@"; do
    "$name" || { tail -n 20 "$log" >&2; exit 1; }
done
