# SPDX-License-Identifier: GPL-2.0
#
# The parts of the demo's text, made from build/demo/report.json:
#
#	jq -r --arg part begin|restart|result|end --arg colour "" -f report.jq report.json

def paint($code): if $colour == "" then . else "\u001b[\($code)m\(.)\u001b[0m" end;
def bold: paint("1");
def good: paint("32");
def bad: paint("31;1");
def dim: paint("2");

def left($n): tostring | . + (" " * ([$n - length, 0] | max) // "");
def right($n): tostring | (" " * ([$n - length, 0] | max) // "") + .;

# A number with so many places, always.
def fixed($places):
	(pow(10; $places)) as $p | (. * $p + 0.5 | floor) as $n
	| ($n / $p | floor | tostring)
	+ "." + ($n % $p | tostring | ("0" * ([$places - length, 0] | max) // "") + .);
def percent: . * 100 | fixed(2) + " %" | right(8);
def thousands:
	tostring | if length > 3 then (.[:-3] | thousands) + "," + .[-3:] else . end;
def us:
	if . < 1000 then "\(. + 0.5 | floor) us"
	elif . < 1e6 then "\(. / 1000 | fixed(1)) ms"
	else "\(. / 1e6 | fixed(1)) s" end;
def size:
	if . >= 1073741824 then "\(. / 1073741824 | fixed(1)) GiB"
	elif . >= 1048576 then "\(. / 1048576 + 0.5 | floor) MiB"
	else "\(. / 1024 | floor) KiB" end;

# A bar of 40 places for a part of a whole.
def bar($whole):
	(if $whole > 0 then . / $whole else 0 end * 40 + 0.5 | floor) as $n
	| (("█" * $n // "") | paint("36")) + (("·" * (40 - $n) // "") | dim);

def nvme_blocks: .simulation.hosts[0] | .nvme_segments * .segment_blocks;

def tier($name; $where; $bytes; $blocks):
	"     \($name | left(6) | bold) \($where | left(8)) \($bytes | size | right(8))"
	+ "  \($blocks | thousands | right(7)) blocks, \($blocks / .simulation.distinct_blocks * 100 | fixed(1) | right(5)) % of the trace's";

def begin:
	.simulation as $s |
	"",
	("  kvtier \(.version) on Linux \(.kernel)" | bold),
	"",
	"     GPU    the engine's own memory",
	("      │     leases: bytes are used where they lie, nothing is copied" | dim),
	tier("dram"; "node 0"; .frames.dram * .block_size; .frames.dram),
	("      │     demote ↓  promote ↑" | dim),
	tier("cxl"; "node 1"; .frames.cxl * .block_size; .frames.cxl),
	("      │     write out ↓  load ↑" | dim),
	tier("nvme"; .device; .nvme_bytes; nvme_blocks),
	("      ╵     reclaim" | dim),
	"",
	"  Replaying \(.trace): \($s.requests | thousands) requests for \($s.blocks | thousands) blocks of \(.block_size | size),",
	"  \($s.distinct_blocks | thousands) of them distinct. Every byte that is read is compared.",
	"";

def restart:
	.restart as $r |
	"  Half way: tier removed, module unloaded. \($r.flushed | thousands) blocks that were only in memory",
	"  were written in \($r.flush_ms * 1000 | us). Module loaded, tiers and space made again in \($r.restart_ms * 1000 | us):",
	"  \($r.found | thousands) of \($r.blocks | thousands) blocks are there again.",
	"";

def ratio($name; $value; $best; $note):
	"  \($name | left(26))\($value | percent)  \($value | bar($best))  \(if $note == "" then "" else $note | dim end)";

def ratios:
	.simulation.hosts as $h | .simulation.best_hit_ratio as $best |
	ratio("Hit ratio"; .replay.hit_ratio; $best; ""),
	ratio("  the same, simulated"; $h[0].hit_ratio; $best; ""),
	ratio("  dram and cxl alone"; $h[1].hit_ratio; $best; "simulated; a restart loses all"),
	ratio("  dram alone"; $h[2].hit_ratio; $best; "simulated, the same"),
	ratio("  room for everything"; $best; $best; ""),
	"  \("After the restart" | left(26))\(.second.hit_ratio | percent)  \($h[0] | .hits_after_restart / .blocks_after_restart | percent | "simulated:\(.)" | dim)",
	"";

def tiers:
	.replay as $r | .simulation.hosts[0] as $s | $r.hits as $whole |
	def found($tier):
		$r.found_on[$tier] as $n |
		"  \("Found on " + $tier | left(25))\($n | thousands | right(9))  \($n | bar($whole))  \("simulated: \($s.tier_hits[$tier] | thousands)" | dim)";
	found("dram"), found("cxl"), found("nvme"),
	"",
	"  Stored \($r.stored_blocks | thousands)   promoted \($r.promotions | thousands)   loaded \($r.loads | thousands)   written \($r.writeouts + .restart.flushed | thousands) (simulated: \($s.writeouts | thousands))",
	"  Bytes written for each byte of a block: \($r.nvme.write_amplification | fixed(3))   waits for a frame \($r.waits | thousands)   in \($r.wall_seconds | fixed(1)) s",
	"";

def wrong:
	.replay as $r |
	("WRONG BLOCKS \($r.wrong_blocks)" | if $r.wrong_blocks == 0 then good else bad end | bold) as $w |
	"  \($w) of \($r.verified_blocks | thousands) verified (\($r.verified_bytes | size))", "";

def call($name):
	.replay.time[$name] |
	"  \($name | left(10))\(.count | thousands | right(8))\(.p50_us | us | right(11))\(.p90_us | us | right(11))\(.p99_us | us | right(11))\(.max_us | us | right(11))";

def calls:
	("  \("command" | left(10))\("batches" | right(8))\("p50" | right(11))\("p90" | right(11))\("p99" | right(11))\("max" | right(11))" | dim),
	call("acquire"), call("reserve"), call("commit"), call("release"),
	"";

def kept($before; $after; $what):
	"\($before | thousands) \($what) → " + ("\($after)" | if . == "0" then good else bad end);

def end_:
	.second_engine as $s | .killed as $k |
	"  Another engine comes: attached in \($s.time.attach.max_us | us), \($s.hit_ratio * 100 | fixed(1)) % of the last \($s.requests) requests' blocks warm, \($s.wrong_blocks) wrong",
	"  An engine that decodes is killed (-9):  \(kept($k.held; $k.left_leases; "leases"))",
	"  An engine that stores is killed (-9):   \(kept($k.filled; $k.left_filling; "blocks half filled"))",
	"";

if $part == "begin" then begin
elif $part == "restart" then restart
elif $part == "result" then ratios, tiers, wrong, calls
else end_ end
| sub(" +$"; "")
