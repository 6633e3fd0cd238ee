#!/usr/bin/env bash
# build.sh MODULE_DIR PACKAGE OUTPUT: go build with a running count of what has been
# downloaded and compiled, because the first build of the embedded Temporal server takes
# minutes and silence looks like a hang. Everything else that the compiler prints is
# passed on.
set -euo pipefail
module=${1:?directory of the module} package=${2:?package} output=${3:?binary}

case $output in /*) ;; *) output=$PWD/$output ;; esac
tty=0
[ -t 2 ] && tty=1

# go build -v prints one import path per compiled package; a line that contains a blank
# is a message. A terminal gets one counting line, a log gets a line now and then.
count='
function show() { printf "%s  %d modules downloaded, %d packages compiled%s", (tty ? "\r" : ""), modules, packages, (tty ? "" : "\n"); fflush() }
/^go: downloading / { modules++;  if (tty || modules % 100 == 0) show(); next }
/^[^ \t#]+$/        { packages++; if (tty || packages % 200 == 0) show(); next }
                    { if (tty && modules + packages) print ""; print; fflush() }
END                 { if (modules + packages) { show(); if (tty) print "" } }'

# Built like its own releases, the Temporal server leaves out its Kubernetes parts: a
# fifth less to compile.
tags=()
[ "$module" != dev ] || tags=(-tags release)

# A release is stamped with its tag; any other build reports that it is not a release.
stamp=
[ -z "${VERSION:-}" ] || stamp="-X holdfast/version.stamped=$VERSION"

cd "$module"
# No debug tables: this halves the linker's time and output. Less frequent garbage
# collection saves the compiler and the linker a fifth of their time.
GOGC=${BUILD_GOGC:-400} "${GO:-go}" build -v ${tags[@]+"${tags[@]}"} -ldflags="-s -w $stamp" -o "$output" "$package" 2>&1 | awk -v tty="$tty" "$count" >&2
