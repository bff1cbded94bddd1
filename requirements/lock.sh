#!/bin/sh
# Writes the lock files from pyproject.toml: exact versions, hashes of every wheel, environment markers, no addresses.
#
#   sh requirements/lock.sh             keeps the versions that still fit
#   sh requirements/lock.sh --upgrade   takes the newest of everything
#
#   dev.txt      everything: runtime, build backend, test and check tools
#   runtime.txt  what Hansa imports when it runs          (same versions as in dev.txt)
#   build.txt    the build backend and what it needs      (same versions as in dev.txt)
#   locker.txt   the tool that does this, so that it too is installed by hash
set -eu
cd "$(dirname "$0")/.."

python=$(sh requirements/venv.sh find)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/hansa-lock.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
  --only-binary=:all: --require-hashes -r requirements/locker.txt

compile() {
  output=$1
  shift
  "$scratch/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --only-binary :all: \
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    --output-file "requirements/$output" "$@" >/dev/null
  printf '%s: %s packages\n' "requirements/$output" "$(grep -c '==' "requirements/$output")"
}

"$python" -c '
import pathlib, sys, tomllib
project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
print(*project["build-system"]["requires"], sep="\n")
' >"$scratch/build.in"
printf 'uv>=0.9\n' >"$scratch/locker.in"
cat >"$scratch/platforms.in" <<'END'
# The last cryptography with wheels for Macs with Intel processors.
cryptography<49 ; sys_platform == 'darwin' and platform_machine == 'x86_64'
cryptography>=49 ; sys_platform != 'darwin' or platform_machine != 'x86_64'
END

compile dev.txt "$@" --extra dev pyproject.toml "$scratch/build.in" "$scratch/platforms.in"
compile runtime.txt --constraints requirements/dev.txt pyproject.toml "$scratch/platforms.in"
compile build.txt --constraints requirements/dev.txt "$scratch/build.in"
compile locker.txt "$@" "$scratch/locker.in"
