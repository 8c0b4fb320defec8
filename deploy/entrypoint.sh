#!/usr/bin/env bash
# What a container of a service is: its api, its worker, or the one-off that brings its database to the newest tables.
set -euo pipefail

role="${1:-api}"
case "$role" in
api) exec "cxbank-$SERVICE" ;;
worker) exec "cxbank-$SERVICE-worker" ;;
migrate)
    exec python -c '
import os
from pathlib import Path

from shared.migrations import upgrade

upgrade(Path("/srv/service"), os.environ["CXBANK_MIGRATOR_URL"])
'
    ;;
*)
    echo "unknown role: $role (api, worker, migrate)" >&2
    exit 64
    ;;
esac
