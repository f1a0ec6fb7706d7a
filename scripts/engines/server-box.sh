#!/usr/bin/env bash
# Runs a server that may crash and start again on the same folder, until standard input ends, which comes also when the
# parent is killed; then ends it and removes its folder.
#
#   server-box.sh <folder> <signal> <command> [argument...]
#
# Standard input takes `start`, `alive` and `kill`, each answered by one line. The signal is one that ends the server at
# once: a database must let go of its shared memory even so.
set -u
folder=$1 signal=$2
shift 2
running=

end() {
  [ -n "$running" ] || return 0
  kill "-$signal" "$running" 2> /dev/null
  wait "$running" 2> /dev/null
  running=
}

trap 'end; rm -rf --one-file-system "$folder"' EXIT
trap 'exit 1' HUP INT TERM
while read -r order; do
  case "$order" in
    start)
      "$@" < /dev/null >> "$folder/output.log" 2>&1 &
      running=$!
      echo started
      ;;
    alive)
      if [ -n "$running" ] && kill -0 "$running" 2> /dev/null; then echo yes; else echo no; fi
      ;;
    kill)
      end
      echo killed
      ;;
  esac
done
