# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Tests of kvtierctl, in TAP. Source it, set $ctl (the command, an array) and
# $tmp (a directory), call the functions, end with tap_end.

tap_nr=0
tap_failed=0

tap_ok() {
	tap_nr=$((tap_nr + 1))
	echo "ok $tap_nr - $1"
}

# NAME LINE...: the lines say what was wrong
tap_not_ok() {
	tap_nr=$((tap_nr + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_nr - $1"
	shift
	printf '%s\n' "$@" | sed 's/^/# /'
}

# NAME REASON
tap_skip() {
	tap_nr=$((tap_nr + 1))
	echo "ok $tap_nr - $1 # SKIP $2"
}

tap_end() {
	echo "1..$tap_nr"
	((tap_failed == 0)) || exit 1
	exit 0
}

# Runs the command. Leaves $code, and its output in $tmp/out and $tmp/err.
run() {
	"${ctl[@]}" "$@" > "$tmp/out" 2> "$tmp/err"
	code=$?
}

# NAME CODE REGEX ARG...: it exits with CODE, and the standard error matches
# the whole of REGEX (one line of it), or is empty if that is ''.
expect() {
	local name=$1 want=$2 regex=$3
	shift 3
	run "$@"
	if ((code != want)); then
		tap_not_ok "$name" "exit code $code, expected $want" "$(< "$tmp/err")"
	elif [[ -z $regex && -s $tmp/err ]]; then
		tap_not_ok "$name" "unexpected message:" "$(< "$tmp/err")"
	elif [[ $regex ]] && ! grep -qE -- "$regex" "$tmp/err"; then
		tap_not_ok "$name" "no message '$regex' in:" "$(< "$tmp/err")"
	else
		tap_ok "$name"
	fi
}

# ARG...: the command prints a line of JSON now and then; the caller goes on when it
# has printed one.
begin_sampling() {
	local _
	# The one of an earlier call is not to be taken for it.
	: > "$tmp/samples"
	"${ctl[@]}" "$@" > "$tmp/samples" 2> "$tmp/err" &
	sampler=$!
	for _ in {1..2400}; do
		[[ -s $tmp/samples ]] && break
		sleep 0.05
	done
}

# FILTER: ends it when this is true for the array of all lines, which the output is;
# .: ends it
end_sampling() {
	local _
	for _ in {1..2400}; do
		[[ $1 == . ]] && break
		jq -se "$1" "$tmp/samples" > /dev/null 2>&1 && break
		sleep 0.05
	done
	kill "$sampler"
	wait "$sampler" 2> /dev/null
	[[ $1 == . ]] || jq -s . "$tmp/samples" > "$tmp/out"
}

# NAME REGEX: the output of the last run has a line that matches
output() {
	if grep -qE -- "$2" "$tmp/out"; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "no '$2' in the output:" "$(< "$tmp/out")"
	fi
}

# NAME FILTER: jq's FILTER is true for the output of the last run
json() {
	if jq -e "$2" "$tmp/out" > "$tmp/jq" 2>&1; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "'$2' is not true of:" "$(< "$tmp/out")" "$(< "$tmp/jq")"
	fi
}

# NAME A B: two texts are the same
same() {
	if [[ $2 == "$3" ]]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "'$2' is not '$3'"
	fi
}

# NAME A B: two files are the same
bytes() {
	local wrong
	if wrong=$(cmp "$2" "$3" 2>&1); then
		tap_ok "$1"
	else
		tap_not_ok "$1" "$wrong"
	fi
}
