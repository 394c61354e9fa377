#!/usr/bin/env bash
# Make the virtual environment with the first Python that is new enough.
# Usage: tools/make_venv.sh DIRECTORY
set -euo pipefail
venv=$1
oldest="(3, 11)"

if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c "import sys, pip; sys.exit(sys.version_info < $oldest)"; then
    exit 0
fi
for python in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
    "$python" -c "import sys; sys.exit(sys.version_info < $oldest)" 2>/dev/null || continue
    if ! "$python" -c "import ensurepip" 2>/dev/null; then
        echo "$python cannot make virtual environments; on Debian: apt install python3-venv" >&2
        exit 1
    fi
    echo "Making $venv with $("$python" --version) …"
    exec "$python" -m venv --clear "$venv"
done
echo "Ricarica needs Python 3.11 or newer; set PYTHON=path/to/python if it is not on the PATH." >&2
exit 1
