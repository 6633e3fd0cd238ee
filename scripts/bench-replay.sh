#!/usr/bin/env bash
# bench-replay.sh FOLDER [LIMIT]: replays the UCI Online Retail orders against
# the whole stack on files, samples its resident memory, and audits its books.
# Prints Markdown. HOLDFAST_ONLINE_RETAIL names online_retail.csv.gz.
# With OUTAGE=yes it uses its own Elasticsearch, which is stopped during the replay and
# restarted two minutes later; the views are audited too. With MONEY=yes the orders are
# paid on the sandbox's page, some of them late, twice or with a wrong amount, while one
# call in twenty to the sandbox fails; acknowledged calls are verified and the money is
# audited too. With PACKAGES=yes all paid orders are packed and delivered by scans, some of
# them late, repeated or out of order; some orders are redirected, cancelled in part, or
# returned. That is verified and audited like MONEY.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?folder for data} limit=${2:-0}
source_file=${HOLDFAST_ONLINE_RETAIL:?the UCI file, online_retail.csv.gz}
mkdir -p "$folder/in"
port=18080
export HOLDFAST_URL=http://127.0.0.1:$port REDIS_URL=redis://127.0.0.1:16379/0 TEMPORAL_ADDRESS=127.0.0.1:17233

unset ELASTICSEARCH_URL
if [ "${OUTAGE:-}" = yes ]; then
    export HOLDFAST_SERVICES_DIR=$folder/services
    eval "$(HOLDFAST_SERVICES=elasticsearch scripts/services.sh start 2>"$folder/services.err")"
fi

options=()
[ "$limit" = 0 ] || options+=(--limit "$limit")
if [ "${MONEY:-}" = yes ]; then
    export HOLDFAST_SANDBOX_FAILS=0.05
    options+=(--through sandbox --paid 0.84 --refused 0.01 --abandoned 0.10 --late 0.02 --twice 0.02 --wrong 0.01)
fi

if [ "${PACKAGES:-}" = yes ]; then
    options+=(--through sandbox --delivered 1 --packaged 1 --late-scans 0.05 --repeated-scans 0.05 --out-of-order-scans 0.05
        --readdressed 0.03 --cancelled-in-part 0.03 --returned 0.03)
fi

go run ./examples/online-retail -out "$folder/in" -stock-share 0.8 "$source_file" >"$folder/in.txt"
env -u REDIS_URL -u TEMPORAL_ADDRESS HOLDFAST_HTTP_ADDR=127.0.0.1:$port HOLDFAST_DATA="$folder/data" \
    HOLDFAST_REDIS_PORT=16379 HOLDFAST_TEMPORAL_PORT=17233 HOLDFAST_UI_PORT=18233 HOLDFAST_PAYMENT_WINDOW=2m HOLDFAST_DEMO=off \
    bin/holdfast-dev >"$folder/stack.out" 2>"$folder/stack.log" &
stack=$!
elasticsearch='' outage=''
end() {
    kill "$stack" $elasticsearch $outage 2>/dev/null || true
    wait "$stack" 2>/dev/null || true
    [ "${OUTAGE:-}" != yes ] || scripts/services.sh stop
}
trap end EXIT
for _ in $(seq 120); do
    curl -fsS -o /dev/null "$HOLDFAST_URL/readyz" 2>/dev/null && break
    kill -0 "$stack" || { tail "$folder/stack.log" >&2; exit 1; }
    sleep 0.5
done

bin/holdfast import "$folder/in/products.jsonl" >"$folder/import.txt" 2>&1

# The number of orders placed so far, and the resident memory of the stack's process.
touch "$folder/journal"
while sleep 1; do
    placed=$(grep -c '"placed"' "$folder/journal" || true)
    printf '%s %s\n' "$placed" "$(awk '/VmRSS/ { print $2 }' "/proc/$stack/status")"
done >"$folder/rss" 2>/dev/null &
sampler=$!

away=120
if [ "${OUTAGE:-}" = yes ]; then
    total=$(wc -l <"$folder/in/orders.jsonl")
    [ "$limit" = 0 ] || total=$limit
    {
        until [ "$(grep -c '"placed"' "$folder/journal")" -gt $((total * 2 / 5)) ]; do sleep 1; done
        scripts/elasticsearch/outage.sh "$(awk '$3 == "elasticsearch" { print $1 }' "$HOLDFAST_SERVICES_DIR/processes")" "$away" \
            >"$folder/elasticsearch.pid"
    } &
    outage=$!
fi
status=0
bin/holdfast replay "$folder/in/orders.jsonl" --journal "$folder/journal" "${options[@]}" 2>"$folder/replay.err" || status=$?

# Abandoned orders expire at the end of their payment window; until then they hold stock.
still_held() {
    for bucket in $(seq 0 63); do printf 'ZCARD {b%d}:deadlines\n' "$bucket"; done |
        redis-cli -u "$REDIS_URL" | awk '{ n += $1 } END { print n }'
}
# Entries that are not in the views yet.
behind() {
    for bucket in $(seq 0 63); do printf 'XINFO GROUPS {b%d}:events\n' "$bucket"; done |
        redis-cli -u "$REDIS_URL" | awk '/^(pending|lag)$/ { getline; n += $1 } END { print n + 0 }'
}
for _ in $(seq 180); do
    held=$(still_held)
    [ "$held" != 0 ] || break
    sleep 1
done
kill "$sampler"
printf 'Holds of undecided orders at the end: %s.\n' "$held"
[ "$held" = 0 ] || status=1

printf '\n'
awk '{ n[NR] = $1; rss[NR] = $2; last = $1 }
     END { for (i = 1; i <= NR && n[i] < last / 4; i++); printf "Resident memory of the whole stack in one process (including Temporal): %d MiB after a quarter, %d MiB at the end, ratio %.2f.\n", rss[i] / 1024, rss[NR] / 1024, rss[NR] / rss[i] }' "$folder/rss"
printf 'Data: Redis %s, Temporal %s.\n\n' "$(du -sh "$folder/data/redis" | cut -f1)" "$(du -sh "$folder/data/temporal" | cut -f1)"
if [ "${OUTAGE:-}" = yes ]; then
    wait "$outage"
    outage='' elasticsearch=$(<"$folder/elasticsearch.pid")
    until curl -fsS -o /dev/null "$ELASTICSEARCH_URL" 2>/dev/null; do sleep 1; done
    printf 'Elasticsearch was stopped after two fifths of the orders and restarted after %d s.\n' "$away"
    begun=$SECONDS
    until [ "$(behind)" = 0 ]; do sleep 1; done
    printf 'The projector had caught up %d s after the last order was decided.\n\n' $((SECONDS - begun))
    bin/holdfast audit --views 2>"$folder/audit-views.err" || status=$?
fi
if [ "${MONEY:-}" = yes ] || [ "${PACKAGES:-}" = yes ]; then
    bin/holdfast replay verify "$folder/journal" 2>"$folder/verify.err" || status=$?
    begun=$SECONDS
    bin/holdfast audit --money 2>"$folder/audit-money.err" || status=$?
    printf '\nThe audit of the money took %d s.\n\n' $((SECONDS - begun))
fi
begun=$SECONDS
bin/holdfast audit 2>"$folder/audit.err" || status=$?
printf '\nThe audit took %d s; overall exit status: %d.\n' $((SECONDS - begun)) "$status"
exit "$status"
