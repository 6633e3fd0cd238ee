#!/usr/bin/env bash
# outage.sh PID SECONDS: stops an Elasticsearch that services.sh started, waits, and
# starts the same command again with the same data, port and user. It keeps running in
# the background, and its pid is printed.
set -euo pipefail
pid=${1:?pid of Elasticsearch} seconds=${2:?how long it stays down}

mapfile -d '' command <"/proc/$pid/cmdline"
mapfile -d '' environment <"/proc/$pid/environ"
folder=$(readlink "/proc/$pid/cwd")
as=()
user=$(stat -c %U "/proc/$pid")
[ "$user" = "$(id -un)" ] || as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups)

kill -TERM "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
sleep "$seconds"
env -i -C "$folder" "${environment[@]}" "${as[@]}" "${command[@]}" </dev/null >/dev/null 2>&1 &
echo $!
