#!/usr/bin/env bash
# Compiles every hashed list from the pyprojects; the result names no host, no file and no path of this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv="${UV:-uv}"
flags=(--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate ${UPGRADE:+--upgrade})
for member in shared client local customer feedback channel-router risk kpi; do
    # A member that another one needs would be emitted as an absolute path.
    flags+=(--no-emit-package "cxbank-$member")
done
compile() { "$uv" pip compile "${flags[@]}" "$@" >/dev/null; }

compile shared/pyproject.toml services/*/pyproject.toml clients/python/pyproject.toml deploy/local/pyproject.toml \
    -o requirements/runtime.txt
compile requirements/build.in -c requirements/runtime.txt -o requirements/build.txt
compile requirements/dev.in -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt
for project in services/*/pyproject.toml; do
    service="$(basename "$(dirname "$project")")"
    compile shared/pyproject.toml "$project" -c requirements/runtime.txt -o "requirements/runtime-$service.txt"
done
