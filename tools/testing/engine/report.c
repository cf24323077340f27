// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "report.h"

#define MS	1e6

void report_shape(FILE *out, const struct shape *shape)
{
	size_t layer = shape_layer_bytes(shape), block = shape_block_bytes(shape);
	char text[256];

	shape_text(shape, text, sizeof(text));
	fprintf(out, "{ \"identity_text\": \"%s\",\n", text);
	fprintf(out, "  \"block_size\": %zu, \"block_tokens\": %u, \"layers\": %u,\n",
		block, shape->block_tokens, shape->layers);
	fprintf(out, "  \"layer_bytes\": %zu, \"token_bytes\": %zu }",
		layer, shape->layers * layer / shape->block_tokens);
}

static void answer_json(FILE *out, const struct options *o, unsigned int server,
			unsigned int prompt, const struct answer *a)
{
	fprintf(out, "  { \"server\": %u, \"tokens\": %u, \"blocks\": %u,\n",
		server, o->tokens[prompt],
		o->tokens[prompt] / o->shape.block_tokens);
	fprintf(out, "    \"cached\": %u, \"stored\": %u, \"own\": %u, \"lost\": %u,\n",
		a->cached, a->stored, a->own, a->lost);
	fprintf(out, "    \"computed_tokens\": %u,\n", a->computed);
	fprintf(out, "    \"ttft_ms\": %.3f, \"acquire_ms\": %.3f, \"wait_ms\": %.3f, \"store_ms\": %.3f, \"first_layer_ms\": %.3f, \"decode_ms\": %.3f,\n",
		a->ttft_ns / MS, a->acquire_ns / MS, a->wait_ns / MS,
		a->store_ns / MS, a->first_layer_ns / MS, a->decode_ns / MS);
	fprintf(out, "    \"first_token\": %u, \"logits\": \"%016" PRIx64 "\",\n",
		a->first_token, a->logits);
	fprintf(out, "    \"kv\": \"%016" PRIx64 "\" }", a->kv);
}

void report_json(FILE *out, const struct options *o, const struct answer *answers)
{
	unsigned int i, nr = o->servers * o->nr_prompts;

	fprintf(out, "{ \"model\": ");
	report_shape(out, &o->shape);
	fprintf(out, ",\n  \"answers\": [\n");
	for (i = 0; i < nr; i++) {
		answer_json(out, o, i / o->nr_prompts, i % o->nr_prompts,
			    &answers[i]);
		fprintf(out, "%s\n", i + 1 < nr ? "," : "");
	}
	fprintf(out, "] }\n");
}

static void answer_text(FILE *out, const struct options *o, unsigned int prompt,
			const struct answer *a)
{
	fprintf(out, "%6u tokens: first token after %.1f ms; %u of %u blocks cached, %u stored, %u tokens computed",
		o->tokens[prompt], a->ttft_ns / MS, a->cached,
		o->tokens[prompt] / o->shape.block_tokens, a->stored, a->computed);
	if (a->cached)
		fprintf(out, "; acquire %.1f ms, first layer after %.1f ms, waited for layers %.1f ms",
			a->acquire_ns / MS, a->first_layer_ns / MS,
			a->wait_ns / MS);
	if (a->own || a->lost)
		fprintf(out, "; %u not stored, %u lost", a->own, a->lost);
	fprintf(out, "; logits %016" PRIx64 ", keys and values %016" PRIx64 "\n",
		a->logits, a->kv);
}

void report_text(FILE *out, const struct options *o, const struct answer *answers)
{
	unsigned int i;

	for (i = 0; i < o->servers * o->nr_prompts; i++)
		answer_text(out, o, i % o->nr_prompts, &answers[i]);
}
