#!/usr/bin/env bash
# services.sh: real services for the tests, on loopback, without containers.
#
#   services.sh install   installs what is missing (on Debian, as root), including Elasticsearch
#                         (a one-time download of 920 MB); `install build` also installs what the
#                         race detector and scripts/contract.sh need
#   services.sh start     starts what isn't running yet; prints `export NAME=value` lines
#   services.sh env       prints those lines again
#   services.sh stop      stops exactly the processes that `start` started, and removes their data
#
#   eval "$(scripts/services.sh start)" && make test
#
# HOLDFAST_SERVICES='redis elasticsearch' starts only some of them.
# Their data, logs and process ids are in HOLDFAST_SERVICES_DIR (default: a folder
# of this user under TMPDIR). A different folder is a separate, independent set.
#
# To add a service, write a start_NAME function that calls `launch` and `publish`,
# add the name to SERVICES, and the packages to install().
set -euo pipefail

read -ra SERVICES <<<"${HOLDFAST_SERVICES:-redis redis_cluster elasticsearch stripe_mock chromium}"
MASTERS=3 # the minimum for a Redis Cluster
STATE=${HOLDFAST_SERVICES_DIR:-${TMPDIR:-/tmp}/holdfast-services-$(id -u)}
PROCESSES=$STATE/processes # one per line: pid, start time, name
ENVIRONMENT=$STATE/environment

say() { echo "services: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# fail_with NAME WORDS...: the same, after the end of the service's log.
fail_with() {
    tail -n 20 "$STATE/$1.log" >&2 || true
    shift
    fail "$*"
}

. "$(dirname "${BASH_SOURCE[0]}")/elasticsearch/service.sh"

# --- installing

has() { command -v "$1" >/dev/null 2>&1; }
chromium_path() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 "$@" </dev/null >&2
}

install() {
    local lacking=()
    has redis-server || lacking+=(redis-server)
    has redis-cli || lacking+=(redis-tools)
    # Without a font the browser renders pages without text.
    chromium_path >/dev/null || lacking+=(chromium fonts-liberation)
    has curl || lacking+=(curl ca-certificates)
    # Java runs Elasticsearch, Maven fetches it.
    [ "$(java_major)" -ge 17 ] || lacking+=(openjdk-17-jre-headless)
    has mvn || lacking+=(maven)
    if [ "${1:-}" = build ]; then
        has make || lacking+=(make)
        has gcc || lacking+=(gcc libc6-dev)
        # For scripts/contract.sh
        python3 -c 'import venv, ensurepip' 2>/dev/null || lacking+=(python3-venv)
    fi
    [ ${#lacking[@]} -eq 0 ] || install_packages "${lacking[@]}"
    install_elasticsearch
    "$HERE/../tool.sh" stripe-mock >/dev/null
}

install_packages() {
    local lacking=("$@")
    has apt-get || fail "please install: ${lacking[*]}"
    [ "$(id -u)" = 0 ] || fail "please install as root: apt-get install ${lacking[*]}"
    say "installing ${lacking[*]}"
    # Mirrors fail occasionally: try again with fresh lists.
    for attempt in 1 2; do
        if apt update && apt install --no-install-recommends "${lacking[@]}"; then
            return 0
        fi
        say "apt-get failed (attempt $attempt of 2)"
    done
    fail "could not install ${lacking[*]}"
}

# --- processes

# The start time in clock ticks distinguishes a process from a later one with the same
# pid. Empty for a process that has ended and is waiting for its parent (state Z).
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'; }

# alive PID START: whether this pid is still the process that we started.
alive() { [ -n "$2" ] && [ "$(started_at "$1")" = "$2" ]; }

# wait_until TENTHS COMMAND...: waits until the command succeeds, for at most TENTHS / 10 seconds.
wait_until() {
    local left=$1
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

# launch NAME COMMAND...: starts the command in the background and records it; its pid is in LAUNCHED.
launch() {
    local name=$1 log=$STATE/$1.log
    shift
    "$@" </dev/null >>"$log" 2>&1 &
    LAUNCHED=$!
    echo "$LAUNCHED $(started_at "$LAUNCHED") $name" >>"$PROCESSES"
}

# Removes the process that was launched last, which has ended, from the list.
forget_last() { sed -i '$d' "$PROCESSES"; }

# publish NAME VALUE: adds a variable to the tests' environment.
publish() { printf "export %s='%s'\n" "$1" "$2" >>"$ENVIRONMENT"; }

# --- Redis

answers() { [ "$(redis-cli -p "$1" info server 2>/dev/null | tr -d '\r' | sed -n 's/^process_id://p')" = "$2" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }
answers_or_ended() { answers "$1" "$2" || ended "$2"; }

# run_redis NAME FLAGS...: starts a server on a port of its own, which is in PORT. Ports,
# and the cluster bus 10000 above them, are below the range that the kernel gives to
# clients (32768 and up). The server that answers must be ours: if another program has the
# port, ours exits, and another port is tried.
run_redis() {
    local name=$1 dir=$STATE/$1
    shift
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        PORT=$((12000 + RANDOM % 10000))
        mkdir -p "$dir"
        launch "$name" redis-server --port "$PORT" --bind 127.0.0.1 --dir "$dir" --save "" \
            --appendonly yes --maxmemory-policy noeviction "$@"
        wait_until 100 answers_or_ended "$PORT" "$LAUNCHED" || fail_with "$name" "$name doesn't answer"
        if answers "$PORT" "$LAUNCHED"; then
            say "$name on 127.0.0.1:$PORT (pid $LAUNCHED)"
            return 0
        fi
        forget_last
    done
    fail_with "$name" "$name did not start on any of 10 ports"
}

start_redis() {
    run_redis redis --appendfsync always
    publish REDIS_URL "redis://127.0.0.1:$PORT/0"
}

cluster_ok() { redis-cli -p "$1" cluster info 2>/dev/null | grep -q 'cluster_state:ok'; }

start_redis_cluster() {
    local nodes=() ports=() url i
    for i in $(seq "$MASTERS"); do
        run_redis "redis-cluster-$i" --appendfsync everysec --cluster-enabled yes \
            --cluster-config-file nodes.conf --cluster-node-timeout 5000
        ports+=("$PORT")
        nodes+=("127.0.0.1:$PORT")
    done
    redis-cli --cluster create "${nodes[@]}" --cluster-replicas 0 --cluster-yes \
        </dev/null >>"$STATE/redis-cluster.log" 2>&1 || fail_with redis-cluster "no cluster"
    for i in "${ports[@]}"; do
        wait_until 300 cluster_ok "$i" || fail_with redis-cluster "cluster node $i is not ready"
    done
    say "redis-cluster of $MASTERS masters is ready"
    url=$(IFS=,; echo "${nodes[*]}")
    publish REDIS_CLUSTER_URL "redis://$url"
}

# --- stripe-mock: a stateless server made from Stripe's OpenAPI document

# If another program has the port, ours never reports that it is listening, and exits.
stripe_mock_listens() { grep -qs "Listening for HTTP at address: 127.0.0.1:$1\$" "$STATE/stripe-mock.log"; }
stripe_mock_listens_or_ended() { stripe_mock_listens "$1" || ended "$LAUNCHED"; }

start_stripe_mock() {
    local binary port
    binary=$("$HERE/../tool.sh" stripe-mock) || fail "stripe-mock can't be built"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((12000 + RANDOM % 10000))
        # It also serves HTTPS, on a port that is open to other machines unless a socket is given.
        launch stripe-mock "$binary" -http-addr "127.0.0.1:$port" -https-unix "$STATE/stripe-mock.sock"
        wait_until 300 stripe_mock_listens_or_ended "$port" || fail_with stripe-mock "stripe-mock doesn't listen"
        if stripe_mock_listens "$port"; then
            say "stripe-mock on 127.0.0.1:$port (pid $LAUNCHED)"
            publish STRIPE_MOCK_URL "http://127.0.0.1:$port"
            return 0
        fi
        forget_last
    done
    fail_with stripe-mock "stripe-mock did not start on any of 10 ports"
}

# --- Chromium is started by the tests; they need its path.

start_chromium() {
    local path
    path=$(chromium_path) || fail "no Chromium, run: scripts/services.sh install"
    publish CHROME_PATH "$path"
}

# --- commands

running() {
    [ -s "$PROCESSES" ] || return 1
    local pid since name
    while read -r pid since name; do
        alive "$pid" "$since" || return 1
    done <"$PROCESSES"
}

start() {
    if [ -f "$STATE/ready" ] && running; then
        say "already running, see $STATE"
        cat "$ENVIRONMENT"
        return 0
    fi
    has redis-server && has redis-cli || fail "no redis-server, run: scripts/services.sh install"
    stop
    # Private, and not through another user's symlink, because the default name can be guessed.
    mkdir -m 700 "$STATE" || fail "$STATE exists and is not ours"
    # Never leave half a set behind; the file `ready` marks a complete set.
    trap stop EXIT
    for service in "${SERVICES[@]}"; do
        "start_$service"
    done
    touch "$STATE/ready"
    trap - EXIT
    cat "$ENVIRONMENT"
}

stop() {
    # Remove only a folder that is ours, with our list of processes in it.
    [ -f "$PROCESSES" ] || { rmdir "$STATE" 2>/dev/null || true; return 0; }
    local pid since name
    while read -r pid since name; do
        if alive "$pid" "$since"; then kill -TERM "$pid" 2>/dev/null || true; fi
    done <"$PROCESSES"
    while read -r pid since name; do
        if ! wait_until 100 gone "$pid" "$since"; then
            say "$name (pid $pid) doesn't stop, killing it"
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done <"$PROCESSES"
    rm -rf "$STATE"
}

gone() { ! alive "$1" "$2"; }

case "${1:-}" in
install) install "${2:-}" ;;
start) start ;;
env) [ -f "$STATE/ready" ] && cat "$ENVIRONMENT" || fail "not running" ;;
stop) stop ;;
*)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
    ;;
esac
