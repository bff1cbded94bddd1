#!/bin/sh
# Makes the virtual environment that `make` works in, from the hash-locked files beside this script.
#
#   sh requirements/venv.sh runtime   what Hansa needs to run, and Hansa itself
#   sh requirements/venv.sh dev       the same, and what testing and checking need
#   sh requirements/venv.sh find      only says which interpreter it would take
#
# VENV says where (default .venv); PYTHON says which interpreter (default: the newest suitable one found).
#
# Rules, in order:
#   1 Nothing is done while the stamp in the environment equals the hash of the locks, pyproject.toml and the place.
#   2 Only locked versions with matching hashes are installed, and only wheels: no package's build script runs here.
#   3 The stamp is written last, so an interrupted run starts over.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-dev}
venv=${VENV:-.venv}

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

hash_of() { { pwd -P; printf '%s\n' "$venv"; cat "$@"; } | cksum | tr ' ' '-'; }

stamped() { [ -f "$venv/hansa-$1.stamp" ] && [ "$(cat "$venv/hansa-$1.stamp")" = "$2" ]; }
alive() { "$venv/bin/python" -c '' >/dev/null 2>&1; }

suitable() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; }
complete() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

find_python() {
  candidates=${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}
  bare=
  for python in $candidates; do
    if suitable "$python"; then
      if complete "$python"; then say "$python"; return 0; fi
      bare=${bare:-$python}
    fi
  done
  if [ -n "$bare" ]; then
    die "$bare cannot make virtual environments: install its venv module (Debian, Ubuntu: apt-get install python3-venv)."
  fi
  die "Hansa needs Python 3.11 to 3.14 and found none (tried: $candidates): install one, or name it with PYTHON=/path/to/python."
}

if [ "$kind" = find ]; then find_python; exit 0; fi

# 1
base=$(hash_of requirements/venv.sh requirements/build.txt requirements/runtime.txt pyproject.toml)
full=$(hash_of requirements/venv.sh requirements/build.txt requirements/runtime.txt pyproject.toml requirements/dev.txt)
case $kind in
  runtime) if { stamped runtime "$base" || stamped dev "$full"; } && alive; then exit 0; fi ;;
  dev) if stamped dev "$full" && alive; then exit 0; fi ;;
  *) die "venv.sh: say runtime, dev or find, not '$kind'." ;;
esac

if [ "$kind" = dev ] && stamped runtime "$base" && alive; then
  say "Adding the development tools to $venv ..."
else
  python=$(find_python)
  say "Making $venv with $("$python" -c 'import platform; print("Python", platform.python_version())'); once, about a minute ..."
  rm -f "$venv"/hansa-*.stamp
  "$python" -m venv --clear "$venv"
fi

install() {
  "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@"
}

# 2
if [ "$kind" = dev ]; then
  set -- -r requirements/dev.txt
else
  set -- -r requirements/build.txt -r requirements/runtime.txt
fi
install --only-binary=:all: --require-hashes "$@" ||
  die "The locked packages could not be installed: see pip's message above; what is locked is in requirements/."
install --no-deps --no-build-isolation --editable .

# 3
if [ "$kind" = dev ]; then say "$full" >"$venv/hansa-dev.stamp"; fi
say "$base" >"$venv/hansa-runtime.stamp"
