# SPDX-License-Identifier: GPL-2.0
#
# Data of one plot, by tabs: jq -r --arg plot NAME -f plot.jq report.json
#
# Where both clocks measured the same, times are taken from the real one.

def tabs: map(tostring) | join("\t");
def clocks: if any(.[]; .clock == "real") then map(select(.clock == "real")) else . end;
def rows($row): map(select(.row == $row and .median != null)) | clocks;
def kib: capture("^(?<n>[0-9]+) (?<u>[KM])iB") | (.n | tonumber) * (if .u == "M" then 1024 else 1 end);

# label, how many times as good as the target asks for, the value, met
def ratios:
	map(select(.goal and .median > 0 and .unit == ""))
	| sort_by([.row, .of, .metric, .clock])[]
	| [ "\(.row): \(.of), \(.metric) (\(.clock))",
	    (if .goal == ">=" then .median / .target else .target / .median end),
	    (if .goal == ">=" then .min / .target else .target / .max end),
	    (if .goal == ">=" then .max / .target else .target / (if .min > 0 then .min else .median end) end),
	    "\(.median * 100 | round / 100) (\(.goal) \(.target * 1000 | round / 1000))",
	    (if .met then 1 else 0 end) ];

# size, depth, side, median, min, max
def reads:
	rows("read")[] | select(.unit == "MB/s" and (.of | contains("depth")))
	| [ (.of | kib), (.of | capture("depth (?<d>[0-9]+)").d), .metric, .median, .min, .max ];

# of, side, part above, latency
def curves:
	map(select(.curve)) | clocks[]
	| . as $c | .points[] | [ $c.of, $c.curve, .[0], .[1] ];

# size, peer, act, median, min, max, CPU time
def peers:
	rows("peers") as $all
	| $all[] | select(.unit == "MB/s")
	| . as $r
	| [ (.of | kib), (.of | sub("^[^:]*: "; "")), .metric, .median, .min, .max,
	    ($all | map(select(.of == $r.of and .metric == "\($r.metric): CPU time"))[0].median) ];

# what, instructions a block
def costs:
	map(select(.clock == "icount" and .median != null)) as $all
	| def of($row; $of; $metric): $all | map(select(.row == $row and .of == $of and .metric == $metric))[0].median;
	  [ ["LOOKUP, 16,384 a call", of("chain"; "16384 blocks, one call"; "LOOKUP, per block")],
	    ["ACQUIRE, 1 a call", of("acquire"; "1 block"; "ACQUIRE, per block")],
	    ["ACQUIRE, 64", of("acquire"; "64 blocks"; "ACQUIRE, per block")],
	    ["ACQUIRE, 4096", of("acquire"; "4096 blocks"; "ACQUIRE, per block")],
	    ["  hash table and count alone", of("acquire"; "4096 blocks"; "rhashtable and lease count, per block")],
	    ["RELEASE, 64", of("ops"; "64 KiB, batch 64"; "RELEASE")],
	    ["RESERVE and COMMIT, 64", (of("ops"; "64 KiB, batch 64"; "RESERVE") as $r | of("ops"; "64 KiB, batch 64"; "COMMIT") as $c | if $r and $c then $r + $c else null end)],
	    ["slot fault, 2 MiB block", of("fault"; "2 MiB"; "first touch of a block")] ][]
	| select(.[1]);

.results
| if $plot == "ratios" then ratios
  elif $plot == "reads" then reads
  elif $plot == "curves" then curves
  elif $plot == "peers" then peers
  else costs end
| tabs
