// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define MAX_TOKENS	(1 << 20)
#define MAX_MS		3600000	/* KVT_MAX_TIMEOUT_NS */

static const char usage_text[] =
"Usage: kvtier-engine (--space SPACE | --no-cache) [OPTION]...\n"
"\n"
"A small language model with random weights that serves prompts of random tokens\n"
"through a kvtier space: takes the keys and values of the longest cached prefix\n"
"where they lie, computes the rest into frames of the space, and says how long\n"
"the first token took. What it computes does not depend on what was cached, to\n"
"the last bit.\n"
"\n"
"What to serve:\n"
"  --space SPACE        name of the space, or path of its device node\n"
"  --no-cache           compute everything, in memory of its own\n"
"  --tokens N[,N]...    prompts of so many tokens, one after another (1024)\n"
"  --prompt N           other numbers give other prompts (0)\n"
"  --generate N         tokens that follow each, for the hash of all logits (4)\n"
"  --servers N          so many processes serve the same prompts at once (1)\n"
"\n"
"How:\n"
"  --chunk N            blocks that are computed, and stored, at once (16)\n"
"  --wait MS            longest wait for a frame, or for a block that another\n"
"                       server fills (10000)\n"
"  --whole              use no block before all of its layers have arrived\n"
"\n"
"The model; all of it, and its seed, are part of the space's identity:\n"
"  --model small|large  numbers for an emulated processor, a real one (small)\n"
"  --layers N --heads N --kv-heads N --head-dim N --ffn N --vocab N\n"
"  --block-tokens N     tokens of a block\n"
"  --window N           blocks that a local layer looks back to\n"
"  --global-every N     every N-th layer looks at everything\n"
"  --seed N             of the weights\n"
"  --describe           only print, as JSON, what the space has to be\n"
"\n"
"Output:\n"
"  --json FILE          a report for programs; - is standard output\n"
"  --logits FILE        logits of each prompt's last token, as floats\n"
"  --help\n"
"\n"
"Exit status: 0 all was well; 1 servers disagree; 2 bad usage; 3 a prompt could\n"
"not be served.\n";

static const struct shape models[] = {
	{ .layers = 6, .heads = 2, .kv_heads = 2, .head_dim = 16, .ffn = 96,
	  .vocab = 256, .block_tokens = 16, .window = 64, .global_every = 6 },
	{ .layers = 8, .heads = 8, .kv_heads = 4, .head_dim = 16, .ffn = 384,
	  .vocab = 1024, .block_tokens = 16, .window = 64, .global_every = 8 },
};

__attribute__((noreturn, format(printf, 1, 2)))
static void misuse(const char *format, ...)
{
	va_list args;

	fputs("kvtier-engine: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" (see --help)\n", stderr);
	exit(2);
}

static unsigned int number(const char *name, const char *text, unsigned int min,
			   unsigned int max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n < min || n > max)
		misuse("--%s is a number from %u to %u, not '%s'", name, min, max,
		       text);
	return n;
}

static void set_tokens(struct options *o, char *list)
{
	char *one;

	o->nr_prompts = 0;
	for (; (one = strsep(&list, ",")); o->nr_prompts++) {
		if (o->nr_prompts == MAX_PROMPTS)
			misuse("--tokens: at most %d prompts", MAX_PROMPTS);
		o->tokens[o->nr_prompts] = number("tokens", one, 1, MAX_TOKENS);
	}
}

static void choose_model(struct options *o, const char *name)
{
	if (strcmp(name, "small") && strcmp(name, "large"))
		misuse("--model is small or large, not '%s'", name);
	o->shape = models[!strcmp(name, "large")];
}

enum {
	OPT_SPACE = 256, OPT_NO_CACHE, OPT_TOKENS, OPT_MODEL, OPT_WAIT,
	OPT_WHOLE, OPT_DESCRIBE, OPT_JSON, OPT_LOGITS, OPT_HELP,
	OPT_NUMBERS,	/* the first of the table below */
};

/* Options that are a number, and where it goes. */
#define NUMBER(name, member, min, max)	{ name, offsetof(struct options, member), min, max }
static const struct number {
	const char *name;
	size_t where;
	unsigned int min, max;
} numbers[] = {
	NUMBER("prompt", plan.seed, 0, UINT32_MAX),
	NUMBER("generate", plan.generate, 1, 4096),
	NUMBER("servers", servers, 1, MAX_SERVERS),
	NUMBER("chunk", plan.chunk, 1, 1024),
	NUMBER("layers", shape.layers, 1, 256),
	NUMBER("heads", shape.heads, 1, 256),
	NUMBER("kv-heads", shape.kv_heads, 1, 256),
	NUMBER("head-dim", shape.head_dim, 4, 256),
	NUMBER("ffn", shape.ffn, 4, 65536),
	NUMBER("vocab", shape.vocab, 4, 65536),
	NUMBER("block-tokens", shape.block_tokens, 4, 1024),
	NUMBER("window", shape.window, 0, MAX_TOKENS),
	NUMBER("global-every", shape.global_every, 1, 256),
	NUMBER("seed", shape.seed, 0, UINT32_MAX),
};

#define NR_NUMBERS	(sizeof(numbers) / sizeof(*numbers))

static const struct option plain[] = {
	{ "space", required_argument, NULL, OPT_SPACE },
	{ "no-cache", no_argument, NULL, OPT_NO_CACHE },
	{ "tokens", required_argument, NULL, OPT_TOKENS },
	{ "model", required_argument, NULL, OPT_MODEL },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "whole", no_argument, NULL, OPT_WHOLE },
	{ "describe", no_argument, NULL, OPT_DESCRIBE },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "logits", required_argument, NULL, OPT_LOGITS },
	{ "help", no_argument, NULL, OPT_HELP },
};

#define NR_PLAIN	(sizeof(plain) / sizeof(*plain))

static void set_number(struct options *o, unsigned int i, const char *text)
{
	const struct number *n = &numbers[i];

	*(unsigned int *)((char *)o + n->where) =
		number(n->name, text, n->min, n->max);
}

static void set_plain(struct options *o, int which, char *text)
{
	switch (which) {
	case OPT_SPACE:
		o->space = text;
		break;
	case OPT_TOKENS:
		set_tokens(o, text);
		break;
	case OPT_MODEL:
		choose_model(o, text);
		break;
	case OPT_WAIT:
		o->plan.patience.wait_ns = number("wait", text, 0, MAX_MS) * 1000000ULL;
		break;
	case OPT_WHOLE:
		o->plan.patience.whole = true;
		break;
	case OPT_DESCRIBE:
		o->describe = true;
		break;
	case OPT_JSON:
		o->json = text;
		break;
	case OPT_LOGITS:
		o->logits = text;
		break;
	}
}

/* Return: whether --no-cache was there. */
static bool parse(struct options *o, int argc, char **argv)
{
	struct option all[NR_PLAIN + NR_NUMBERS + 1] = { 0 };
	bool no_cache = false;
	unsigned int i;
	int c;

	memcpy(all, plain, sizeof(plain));
	for (i = 0; i < NR_NUMBERS; i++)
		all[NR_PLAIN + i] = (struct option) {
			numbers[i].name, required_argument, NULL, OPT_NUMBERS + i,
		};
	while ((c = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (c == '?')
			exit(2);
		if (c == OPT_HELP) {
			fputs(usage_text, stdout);
			exit(0);
		}
		no_cache |= c == OPT_NO_CACHE;
		if (c >= OPT_NUMBERS)
			set_number(o, c - OPT_NUMBERS, optarg);
		else
			set_plain(o, c, optarg);
	}
	if (optind < argc)
		misuse("unexpected argument '%s'", argv[optind]);
	return no_cache;
}

void options_parse(struct options *o, int argc, char **argv)
{
	const char *wrong;
	bool no_cache;

	*o = (struct options) {
		.shape = models[0], .servers = 1,
		.plan = { .generate = 4, .chunk = 16,
			  .patience = { .wait_ns = 10000000000ULL } },
	};
	no_cache = parse(o, argc, argv);
	if (!o->describe && no_cache == !!o->space)
		misuse("say either --space or --no-cache");
	wrong = shape_wrong(&o->shape);
	if (wrong)
		misuse("%s", wrong);
	if (!o->nr_prompts)
		o->tokens[o->nr_prompts++] = 1024;
}
