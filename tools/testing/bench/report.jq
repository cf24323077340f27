# SPDX-License-Identifier: GPL-2.0
#
# build/bench/report.json as a table in Markdown: jq -r -f report.jq report.json

# About four digits, never an exponent.
def number:
	if . == null then ""
	elif fabs >= 1000 or . == floor then round
	elif fabs >= 100 then . * 10 | round / 10
	elif fabs >= 10 then . * 100 | round / 100
	else . * 1000 | round / 1000 end
	| tostring;
def spread: if (.values | length) > 1 then "\(.min | number) .. \(.max | number)" else "" end;
def target:
	if .skipped then "left out: \(.skipped)"
	elif .goal == null then ""
	else "\(.goal) \(.target | number): \(if .met then "met" else "**missed**" end)" end;
def line: "| \(.row) | \(.clock) | \(.of) | \(.metric // "") | \(.median | number) | \(.unit // "") | \(spread) | \(target) |";

"kvtier \(.version), Linux \(.kernel)",
"",
"| row | clock | of | what | median | unit | spread | target |",
"|---|---|---|---|---:|---|---|---|",
(.results[] | line)
