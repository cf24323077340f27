# SPDX-License-Identifier: GPL-2.0
#
# build/bench/report.json as tables in Markdown: jq -r -f report.jq report.json

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
def table: "| row | clock | of | what | median | unit | spread | target |",
	"|---|---|---|---|---:|---|---|---|",
	(.[] | line);

# A line a peer, of one clock and block size.
def value($metric): map(select(.metric == $metric))[0].median | number;
def peer: "| \(.[0].of | sub("^[^:]*: "; "")) | \(value("put")) | \(value("put: CPU time")) | \(value("get")) | \(value("get: CPU time")) | \(value("zero copy")) | \(value("zero copy: CPU time")) |";
def peers:
	group_by([.clock, (.of | sub(":.*"; "")) ])[]
	| "",
	  "\(.[0].of | sub(":.*"; "")) blocks, \(.[0].clock); CPU time in \(map(select(.metric | endswith("CPU time")))[0].unit)",
	  "",
	  "| | put MB/s | CPU | get MB/s | CPU | zero copy MB/s | CPU |",
	  "|---|---:|---:|---:|---:|---:|---:|",
	  (. as $all
	   | (reduce .[].of as $of ([]; if any(.[]; . == $of) then . else . + [$of] end))[] as $of
	   | $all | map(select(.of == $of)) | peer);

(.results | map(select(.curve | not))) as $results
| "# kvtier \(.version), measured",
"",
(.runs[] | "- \(.clock): \(.date), Linux \(.kernel), \(.machine)\(if .quick then ", quick" else "" end); load of the host: \(.load)"),
"",
"A nanosecond by the clock \"icount\" is one instruction. Medians, with the least and the most; ratios are of",
"values that were measured in turn. Times mean something beside others of the same run only.",
"",
"## Targets",
"",
($results | map(select(.goal)) | sort_by(.met) | table),
"",
"## Peers",
($results | map(select(.row == "peers" and .median)) | if length > 0 then peers else "", "Not measured." end),
"",
"## All",
"",
($results | map(select(.row != "peers" or .skipped)) | table)
