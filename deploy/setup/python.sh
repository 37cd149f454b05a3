#!/bin/sh
# Prints the first Python on PATH that is new enough and can make virtual environments, or says what is missing.
# PYTHON=... in the environment is asked first.
old=""
for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python3.14 python; do
    path=$(command -v "$name" 2>/dev/null) || continue
    # A shim (pyenv, asdf) may be there for a version that is not: only running it tells.
    "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if "$path" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$path"
        exit 0
    fi
    old="$path"
done
if [ -n "$old" ]; then
    echo "setup: $old lacks the venv module: run 'apt-get install python3-venv' (Debian, Ubuntu)" >&2
else
    echo "setup: Python 3.11 or newer is needed, and none is on PATH (python3.13, python3.12, python3.11, python3)" >&2
fi
exit 1
