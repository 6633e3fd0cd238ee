# Elasticsearch for services.sh, which sources this file: a real server without
# containers. It stays unpacked between runs, in HOLDFAST_SERVERS. The default is the
# user's cache folder; for root it is the machine's, because the server refuses to run
# as root, and its user can't read root's home.

ELASTICSEARCH=8.19.13
ELASTICSEARCH_HEAP=${ELASTICSEARCH_HEAP:-1g}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

servers() {
    if [ -n "${HOLDFAST_SERVERS:-}" ]; then
        echo "$HOLDFAST_SERVERS"
    elif [ "$(id -u)" = 0 ]; then
        echo /var/cache/holdfast
    else
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/holdfast"
    fi
}

java_path() { readlink -f "$(command -v java)"; }

# The major version from `openjdk version "17.0.15" ...`; 0 if there is no Java.
java_major() { (java -version 2>&1 || true) | sed -n 's/.* version "\([0-9]*\).*/\1/p' | grep . || echo 0; }

# install_elasticsearch unpacks the server once, in a temporary folder that is then renamed:
# if it is killed, the next run removes what it left.
install_elasticsearch() {
    local cache home aside
    cache=$(servers)
    home=$cache/elasticsearch-$ELASTICSEARCH
    mkdir -p "$cache"
    (
        # One at a time, so that two runs on one machine don't download it twice.
        flock 9
        [ ! -d "$home" ] || exit 0
        say "downloading Elasticsearch $ELASTICSEARCH (920 MB, once)"
        aside=$cache/unpacking
        rm -rf "$aside"
        mkdir -p "$aside"
        # Maven's own folder is removed too, because it would keep the 920 MB.
        for attempt in 1 2; do
            mvn -q -B -f "$HERE/pom.xml" -Dmaven.repo.local="$aside/maven" -Dout="$aside/out" generate-resources \
                </dev/null >&2 && break
            say "the download failed (attempt $attempt of 2)"
        done
        mkdir -p "$aside"/out/*/elasticsearch/plugins || fail "Elasticsearch could not be downloaded"
        chmod -R a+rX "$aside"
        mv "$aside"/out/*/elasticsearch "$home"
        rm -rf "$aside"
    ) 9>"$cache/elasticsearch.lock"
}

# es_answers PORT NAME: whether the node with this name answers there, not another program.
es_answers() { curl -fsS -m 2 "http://127.0.0.1:$1" 2>/dev/null | grep -q "\"name\" : \"$2\""; }
es_answers_or_ended() { es_answers "$1" "$2" || ended "$LAUNCHED"; }

start_elasticsearch() {
    local home dir=$STATE/elasticsearch as=() java node
    home=$(servers)/elasticsearch-$ELASTICSEARCH
    [ -d "$home" ] || fail "no Elasticsearch, run: scripts/services.sh install"
    java=$(java_path)
    if [ "$(id -u)" = 0 ]; then
        id elasticsearch >/dev/null 2>&1 || useradd --system --shell /usr/sbin/nologin elasticsearch
        as=(setpriv --reuid=elasticsearch --regid="$(id -g elasticsearch)" --clear-groups)
        chmod 711 "$STATE" # lets its user reach its own folder
    fi
    for _ in 1 2 3 4 5; do
        PORT=$((12000 + RANDOM % 10000))
        node=holdfast-$$-$PORT
        rm -rf "$dir"
        mkdir -p "$dir"/{config/jvm.options.d,data,logs,tmp}
        cp "$home/config/log4j2.properties" "$dir/config/"
        cat >"$dir/config/elasticsearch.yml" <<Y
cluster.name: $node
node.name: $node
path.data: $dir/data
path.logs: $dir/logs
network.host: 127.0.0.1
http.port: $PORT
transport.port: $((PORT + 10000))
discovery.type: single-node
action.auto_create_index: false
cluster.routing.allocation.disk.threshold_enabled: false
xpack.security.enabled: false
Y
        printf '%s\n' "-Xms$ELASTICSEARCH_HEAP" "-Xmx$ELASTICSEARCH_HEAP" -XX:+UseG1GC "-Djava.io.tmpdir=$dir/tmp" \
            >"$dir/config/jvm.options"
        [ ${#as[@]} -eq 0 ] || chown -R elasticsearch "$dir"
        # Its launcher, called as bin/elasticsearch does; it starts the server, and stops it
        # when it is stopped itself. The server looks for its modules relative to its folder.
        launch elasticsearch env -C "$home" ES_HOME="$home" ES_PATH_CONF="$dir/config" ES_TMPDIR="$dir/tmp" \
            ES_JAVA_HOME="${java%/bin/java}" "${as[@]}" "$java" -Xms4m -Xmx64m -XX:+UseSerialGC \
            -Dcli.name=server -Dcli.script="$home/bin/elasticsearch" -Dcli.libs=lib/tools/server-cli \
            -Des.path.home="$home" -Des.path.conf="$dir/config" -Des.distribution.type=tar \
            -cp "$home/lib/*:$home/lib/cli-launcher/*" org.elasticsearch.launcher.CliToolLauncher
        wait_until 1200 es_answers_or_ended "$PORT" "$node" || fail_with elasticsearch "Elasticsearch doesn't answer"
        if es_answers "$PORT" "$node"; then
            say "elasticsearch on 127.0.0.1:$PORT (pid $LAUNCHED)"
            publish ELASTICSEARCH_URL "http://127.0.0.1:$PORT"
            return 0
        fi
        grep -q 'BindHttpException\|BindTransportException' "$STATE/elasticsearch.log" ||
            fail_with elasticsearch "Elasticsearch exited"
        forget_last
    done
    fail_with elasticsearch "Elasticsearch did not start on any of 5 ports"
}
