#!/usr/bin/env bash
# env.sh: writes .env for docker-compose.yml from .env.example, with new secrets and with
# the sandbox on, so that orders in the demonstration can be paid. An existing .env stays
# as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
[ ! -e .env ] || {
    echo ".env already exists and stays as it is" >&2
    exit 0
}
random() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

umask 077
awk -v password="$(random | tr '+/=' '-_.')" -v secret="whsec_$(random)" -v jwt="$(random)" \
    -v web="$(random)" -v link="$(random)" '
/^POSTGRES_PASSWORD=$/ { $0 = $0 password }
/^HOLDFAST_WEBHOOK_SECRET=$/ { $0 = $0 secret }
/^HOLDFAST_JWT_SECRET=$/ { $0 = $0 jwt }
/^HOLDFAST_WEB_SECRET=$/ { $0 = $0 web }
/^HOLDFAST_LINK_SECRET=$/ { $0 = $0 link }
/^HOLDFAST_SANDBOX=$/ { $0 = $0 "true" }
{ print }' .env.example >.env
echo "wrote .env. Payments go through the sandbox, which moves no money:" >&2
echo "empty HOLDFAST_SANDBOX in it before real customers order" >&2
