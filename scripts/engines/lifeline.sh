#!/usr/bin/env bash
# Runs a command until standard input ends, which comes also when the parent is killed; then ends it and removes its
# folder.
#
#   lifeline.sh <folder> <command> [argument...]
set -u
folder=$1
shift
"$@" < /dev/null > "$folder/output.log" 2>&1 &
running=$!
trap 'kill -KILL "$running" 2> /dev/null; rm -rf --one-file-system "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cat > /dev/null
