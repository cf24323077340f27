# SPDX-License-Identifier: GPL-2.0
#
# One report of two kvtier-replay runs, one after the other: counts add up, times
# are those of both.

# Numbers of an object, and of those in it, added up.
def added($a; $b):
	reduce ($a | keys_unsorted[]) as $k ({};
		.[$k] = if ($a[$k] | type) == "number" then $a[$k] + ($b[$k] // 0)
			elif ($a[$k] | type) == "object" then added($a[$k]; $b[$k] // {})
			else $a[$k] end);

def percentile($h; $p):
	($h | map(.[1]) | add // 0) as $all
	| reduce $h[] as [$upper, $n] ({ seen: 0, at: null };
		.seen += $n
		| if .at == null and .seen >= $all * $p / 100 then .at = $upper else . end)
	| (.at // 0) / 1000;

def both_times($a; $b):
	($a.histogram_ns + $b.histogram_ns | group_by(.[0])
	 | map([.[0][0], (map(.[1]) | add)])) as $h
	| { count: ($a.count + $b.count), total_s: ($a.total_s + $b.total_s),
	    p50_us: percentile($h; 50), p90_us: percentile($h; 90),
	    p99_us: percentile($h; 99), max_us: ([$a.max_us, $b.max_us] | max) };

def sum(a; b):
	a as $a | b as $b
	| added($a | del(.time, .trace, .space, .options, .nvme);
		$b | del(.time, .trace, .space, .options, .nvme))
	| .complete = ($a.complete and $b.complete)
	| .hit_ratio = .hits / .blocks
	| .nvme = added($a.nvme[0] // {}; $b.nvme[0] // {})
	| .nvme.write_amplification =
		(if .nvme.block_bytes_written > 0
		 then .nvme.bytes_written / .nvme.block_bytes_written else 0 end)
	| .time = ($a.time | with_entries(.key as $k
		| .value = both_times($a.time[$k]; $b.time[$k])));
