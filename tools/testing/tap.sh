# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Counting TAP: sourced by check and by selftests/run.
#
# A line of a result file is: NAME PASSED FAILED SKIPPED

# tap_count LOG STATUS: sets passed, failed, skipped. A program that failed
# without saying which test did, or ended before its plan, is one failure.
tap_count() {
	local log=$1 status=$2 planned
	passed=$(grep -cE '^ok ' "$log")
	skipped=$(grep -cE '^ok .*# *SKIP' "$log")
	passed=$((passed - skipped))
	skipped=$((skipped + $(grep -cE '^1\.\.0 *# *SKIP' "$log")))
	failed=$(grep -cE '^not ok ' "$log")
	planned=$(sed -nE 's/^1\.\.([0-9]+).*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	if ((planned > passed + failed + skipped)); then
		failed=$((planned - passed - skipped))
	elif ((!failed && status != 0 && status != 4)) || ((!failed && !passed && !skipped)); then
		failed=1
	fi
}

# The lines that belong to failed tests, and those after the last result of a
# program that ended too soon.
tap_failures() {
	awk '
	/^#  RUN / { text = "" }
	/^TAP version/ || /^1\.\./ { text = ""; next }
	/^ok / { text = ""; next }
	{ text = text "    " $0 "\n" }
	/^not ok / { printf "%s", text; text = "" }
	END { if (text !~ /# Totals:/) printf "%s", text }
	' "$1"
}

tap_skips() {
	sed -nE -e 's/^ok [0-9]+ *-? *(.*) # *SKIP *(.*)/    skipped: \1: \2/p' \
		-e 's/^1\.\.0 *# *SKIP *(.*)/    skipped: \1/p' "$1"
}

# tap_report NAME LOG STATUS SECONDS: tells people on stderr, and prints the
# result line.
tap_report() {
	local name=$1 log=$2 status=$3 seconds=$4 word=ok passed failed skipped
	tap_count "$log" "$status"
	((failed)) && word=FAIL
	{
		printf '%-4s %-24s %4d passed, %d failed, %d skipped (%d s)\n' \
			"$word" "$name" "$passed" "$failed" "$skipped" "$seconds"
		((failed)) && tap_failures "$log" | tail -n 100
		tap_skips "$log"
	} >&2
	echo "$name $passed $failed $skipped"
}

# tap_total RESULTS: prints the summary; fails if a test did.
tap_total() {
	awk '{ p += $2; f += $3; s += $4 }
	END {
		printf "%d passed, %d failed, %d skipped\n", p, f, s
		exit f > 0
	}' "$1"
}
