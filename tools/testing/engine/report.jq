# SPDX-License-Identifier: GPL-2.0
#
# measure's report, in words.

def ms: if . >= 1000 then "\(. / 100 | round / 10) s" else "\(. * 10 | round / 10) ms" end;
def times: if . and . > 0 then "\(1 / . | if . >= 10 then round else . * 10 | round / 10 end) x" else "-" end;

"Model: \(.model.identity_text | sub("^[^:]*: "; "")).",
"Keys and values: \(.model.token_bytes) bytes a token, \(.model.layer_bytes / 1024) KiB a layer, \(.model.block_size / 1024) KiB a block.",
"",
"| time to first token | " + (.prompts | map("\(.tokens) tokens") | join(" | ")) + " |",
"|---|" + (.prompts | map("---|") | join("")),
(if .reference == "make" then
	"| no cache | " + (.prompts | map(.no_cache.ttft_ms | ms) | join(" | ")) + " |"
 else empty end),
"| cold: computed and stored | " + (.prompts | map(.cold.ttft_ms | ms) | join(" | ")) + " |",
"| of that RESERVE and COMMIT | " + (.prompts | map(.cold.store_ms | ms) | join(" | ")) + " |",
"| warm, dram (median of 3) | " + (.prompts | map("\(.dram.ttft_ms | ms) (\(.dram_ratio | times))") | join(" | ")) + " |",
"| warm, nvme, module loaded anew | " + (.prompts | map("\(.nvme.ttft_ms | ms) (\(.nvme_ratio | times))") | join(" | ")) + " |",
"| of that: first layer there | " + (.prompts | map(.nvme.first_layer_ms | ms) | join(" | ")) + " |",
"| the same, no overlap | " + (.prompts | map(.whole.ttft_ms | ms) | join(" | ")) + " |",
"| goal: warm against cold | " + (.prompts | map(.goal | times) | join(" | ")) + " |",
"",
"Two servers, one prompt of \(.company[0].tokens) tokens: \(.company | map("\(.stored) blocks stored, \(.cached) taken") | join("; ")).",
""
