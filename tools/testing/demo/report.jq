# SPDX-License-Identifier: GPL-2.0
#
# The parts of the demo's text, made from build/demo/report.json:
#
#	jq -r --arg part begin|result|end --arg colour "" -f report.jq report.json

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

def tier($name; $node; $frames; $of):
	"     \($name | left(6) | bold) node \($node)  \($frames * .block_size | size | right(8))"
	+ "  \($frames | thousands | right(7)) blocks, \($frames / $of * 100 | fixed(1) | right(4)) % of the trace's";

def begin:
	.simulation as $s |
	"",
	("  kvtier \(.version) on Linux \(.kernel)" | bold),
	"",
	"     GPU    the engine's own memory",
	("      │     leases: bytes are used where they lie, nothing is copied" | dim),
	tier("dram"; 0; .frames.dram; $s.distinct_blocks),
	("      │     demote ↓  promote ↑" | dim),
	tier("cxl"; 1; .frames.cxl; $s.distinct_blocks),
	("      ╵     evict" | dim),
	"",
	"  Replaying \(.trace): \($s.requests | thousands) requests for \($s.blocks | thousands) blocks of \(.block_size | size),",
	"  \($s.distinct_blocks | thousands) of them distinct. Every byte that is read is compared.",
	"";

def ratio($name; $value; $best; $note):
	"  \($name | left(26))\($value | percent)  \($value | bar($best))  \(if $note == "" then "" else $note | dim end)";

def ratios:
	.simulation.results as $r | .simulation.best_hit_ratio as $best |
	ratio("Hit ratio" ; .replay.hit_ratio; $best; ""),
	ratio("  leaf-first LRU, one tier"; $r[0].hit_ratio; $best; "simulated, same size"),
	ratio("  the same, dram alone"; $r[2].hit_ratio; $best; "simulated"),
	ratio("  room for everything"; $best; $best; ""),
	"";

def tiers:
	.replay as $r | $r.hits as $whole |
	def hits($name; $n):
		"  \("Hits in " + $name | left(25))\($n | thousands | right(9))  \($n | bar($whole))";
	hits("dram"; $r.tier_hits.dram),
	hits("cxl"; $r.tier_hits.cxl),
	"",
	"  Stored \($r.stored_blocks | thousands)   demoted \($r.demotions | thousands)   promoted \($r.promotions | thousands)   evicted \($r.evictions | thousands)   in \($r.wall_seconds | fixed(1)) s",
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
elif $part == "result" then ratios, tiers, wrong, calls
else end_ end
| sub(" +$"; "")
