#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2034
#
# README.md and Documentation/ against the tree: what they name must be there,
# and what is there must be named where a reader looks for it. TAP on stdout;
# $OUT is a directory for what is made, $LIB the built libkvtier.a.

set -uo pipefail
shopt -s lastpipe	# check counts, at the end of a pipe
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../../../.." || exit 1

uapi=uapi/kvtier.h
uapi_remote=uapi/kvtier_remote.h
lib=userspace/lib/libkvtier.h
pages=(README.md Documentation/*.rst)

nr=0 bad=0

# check NAME: a test that passes if nothing comes on the standard input; what
# comes says what is wrong.
check() {
	local wrong
	nr=$((nr + 1))
	wrong=$(cat)
	if [[ $wrong ]]; then
		bad=$((bad + 1))
		echo "not ok $nr - $1"
		echo "# ${wrong//$'\n'/$'\n'# }"
	else
		echo "ok $nr - $1"
	fi
}

# skip NAME REASON
skip() {
	nr=$((nr + 1))
	echo "ok $nr - $1 # SKIP $2"
}

# lacks TEXT A B: for each line of A that is not in B, TEXT with it in place
# of %s. Both are files of lines, in any order.
lacks() {
	comm -23 <(sort -u "$2") <(sort -u "$3") | while read -r line; do
		# shellcheck disable=SC2059
		printf "$1\n" "$line"
	done
}

# What is said in code: fenced and indented blocks, and `...`, one a line.
code() {
	sed -nE '/^```/,/^```/p; /^(    |\t)/p' "$@" | sed -E 's/^[ \t]+//; s/^[$#] //'
	grep -ohE '`+[^`]+`+' "$@" | tr -d '`'
}

for part in readme paths names sysfs rst; do
	# shellcheck disable=SC1090
	. "$here/$part.sh"
done

echo "1..$nr"
((bad == 0))
