#!/usr/bin/env bash
# Installs the Debian packages that the engine tests drive: only what is missing, without starting a service.
set -euo pipefail

# A program that must be there, and the package that brings it.
needed=(
  dockerd:docker.io
  ip:iproute2
  unshare:util-linux
  busybox:busybox-static
  haproxy:haproxy
  docker-registry:docker-registry
  postgres:postgresql
  pgbouncer:pgbouncer
  redis-server:redis-server
)

# Debian keeps PostgreSQL's programs by version, outside of the path.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin$(printf ':%s' /usr/lib/postgresql/*/bin)"

is_there() {
  case "$1" in
    # The dynamic busybox of the base system does not run in an empty image.
    busybox) [ -x /bin/busybox ] && ! ldd /bin/busybox > /dev/null 2>&1 ;;
    # What is called postgres may be anything; the server comes with what makes its folders.
    postgres) command -v initdb > /dev/null ;;
    *) command -v "$1" > /dev/null ;;
  esac
}

missing=()
for entry in "${needed[@]}"; do
  is_there "${entry%%:*}" || missing+=("${entry#*:}")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "engines: these packages are missing: ${missing[*]}. They are installed by themselves only on Debian and as" \
    "root; install them (or what your system calls them), then run this again." >&2
  exit 1
fi

# A package's own script asks this file whether its service may start; it may not. One that is there already is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

echo "engines: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
