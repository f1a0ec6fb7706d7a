#!/usr/bin/env bash
# Keeps a Docker daemon of its own in a box that leaves nothing behind, whatever happens to whoever asked for it.
#
#   dockerd-box.sh <folder> <bridge> <address/bits> [dockerd option...]
#
# Standard input is the lifeline: it takes `start`, `alive` and `kill` (each answered by one line), and its end, which comes also
# when the parent is killed, ends the box. The daemon, its containerd, shims and containers live in a process
# namespace that dies as one; mounts live in a mount namespace that dies with it. What a namespace does not hold (the
# bridge, the control groups, the folder) is removed here afterwards.
set -u
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

inside() {
  local folder=$1 bridge=$2 daemon=
  shift 3
  # These paths are the same for every daemon of a machine: hidden, so that boxes and the host's own do not meet.
  for shared in /run/containerd /run/docker /etc/docker; do
    mkdir -p "$shared" && mount -t tmpfs none "$shared"
  done
  while read -r order; do
    case "$order" in
      start)
        rm -f "$folder/dockerd.pid"
        # Without iptables: ports are published by docker-proxy alone, and two boxes cannot undo each other's rules.
        dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" \
          -H "unix://$folder/docker.sock" --group root --bridge "$bridge" \
          --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
          --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$bridge" "$@" \
          < /dev/null >> "$folder/dockerd.log" 2>&1 &
        daemon=$!
        echo started
        ;;
      alive)
        if kill -0 "$daemon" 2> /dev/null; then echo yes; else echo no; fi
        ;;
      kill)
        kill -KILL "$daemon" 2> /dev/null
        wait "$daemon" 2> /dev/null
        echo killed
        ;;
    esac
  done
}

remove_leftovers() {
  ip link delete "$bridge" 2> /dev/null
  ip link delete "${bridge}n" 2> /dev/null
  # Control groups are free a moment after their last process.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    groups=$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$bridge" 2> /dev/null)
    [ -n "$groups" ] || break
    # shellcheck disable=SC2086
    find $groups -depth -type d -exec rmdir {} + 2> /dev/null
    sleep 0.1
  done
  rm -rf --one-file-system "$folder"
}

if [ "$1" = --inside ]; then
  shift
  inside "$@"
else
  folder=$1 bridge=$2 address=$3
  trap remove_leftovers EXIT
  trap 'exit 1' HUP INT TERM
  { ip link add "$bridge" type bridge && ip address add "$address" dev "$bridge" && ip link set "$bridge" up; } || exit 1
  setpriv --pdeathsig KILL unshare --pid --mount --fork --kill-child --mount-proc bash "$0" --inside "$@"
fi
