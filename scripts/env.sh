#!/usr/bin/env bash
# env.sh: writes .env for docker-compose.yml from .env.example, with secrets of
# this machine's own and the sandbox, so that the demonstration's orders can be paid.
# An .env that is there stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
[ ! -e .env ] || {
    echo ".env is there already; it stays as it is" >&2
    exit 0
}
random() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

umask 077
awk -v password="$(random | tr '+/=' '-_.')" -v secret="whsec_$(random)" -v jwt="$(random)" '
/^POSTGRES_PASSWORD=$/ { $0 = $0 password }
/^HOLDFAST_WEBHOOK_SECRET=$/ { $0 = $0 secret }
/^HOLDFAST_JWT_SECRET=$/ { $0 = $0 jwt }
/^HOLDFAST_SANDBOX=$/ { $0 = $0 "true" }
{ print }' .env.example >.env
echo "wrote .env. It takes payments by the sandbox, which moves no money:" >&2
echo "empty HOLDFAST_SANDBOX there before customers come" >&2
