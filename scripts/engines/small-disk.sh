#!/usr/bin/env bash
# A disk of a few kilobytes that ends, with all that is on it, when standard input does: also when the parent is killed.
#
#   small-disk.sh <folder> <kilobytes>
#
# Prints `ready` once it is there.
set -u
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
folder=$1
trap 'umount --lazy "$folder" 2> /dev/null; rmdir "$folder"' EXIT
trap 'exit 1' HUP INT TERM
mount -t tmpfs -o "size=$2k,mode=700" recourse-small-disk "$folder" || exit 1
echo ready
cat > /dev/null
