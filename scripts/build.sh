#!/usr/bin/env bash
# build.sh MODULE_DIR PACKAGE OUTPUT: go build with a running count of what was
# downloaded and compiled, because the first build of the embedded Temporal
# server takes minutes and silence looks like a hang. Everything else that the
# compiler says is passed on.
set -euo pipefail
module=${1:?directory of the module} package=${2:?package} output=${3:?binary}

case $output in /*) ;; *) output=$PWD/$output ;; esac
tty=0
[ -t 2 ] && tty=1

# go build -v prints one import path a compiled package; a line with a blank in
# it is a message. A terminal gets one line that counts, a log a line now and then.
count='
function show() { printf "%s  %d modules downloaded, %d packages compiled%s", (tty ? "\r" : ""), modules, packages, (tty ? "" : "\n"); fflush() }
/^go: downloading / { modules++;  if (tty || modules % 100 == 0) show(); next }
/^[^ \t#]+$/        { packages++; if (tty || packages % 200 == 0) show(); next }
                    { if (tty && modules + packages) print ""; print; fflush() }
END                 { if (modules + packages) { show(); if (tty) print "" } }'

# The Temporal server leaves its Kubernetes parts out where it is built as its
# own release is: a fifth less to compile.
tags=()
[ "$module" != dev ] || tags=(-tags release)

# A release is stamped with its tag; anything else says that it is none.
stamp=
[ -z "${VERSION:-}" ] || stamp="-X holdfast/version.stamped=$VERSION"

cd "$module"
# No debug tables: that halves the time and the size of the link. Less collecting of
# the compiler's and the linker's garbage: a fifth off their time.
GOGC=${BUILD_GOGC:-400} "${GO:-go}" build -v ${tags[@]+"${tags[@]}"} -ldflags="-s -w $stamp" -o "$output" "$package" 2>&1 | awk -v tty="$tty" "$count" >&2
