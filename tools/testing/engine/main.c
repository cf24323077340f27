// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-engine: what an inference engine does with kvtier, and what it gains.
 *
 *   model.c    the model: its shape and weights
 *   forward.c  what it computes
 *   request.c  a prompt: tokens and keys
 *   hold.c     leases and reservations of its blocks
 *   serve.c    from the prompt to the first token, and those after it
 *   server.c   processes that serve
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"
#include "server.h"

static int write_report(const struct options *o, const struct answer *answers)
{
	FILE *out;

	if (!o->json) {
		report_text(stdout, o, answers);
		return 0;
	}
	out = strcmp(o->json, "-") ? fopen(o->json, "w") : stdout;
	if (!out) {
		fprintf(stderr, "kvtier-engine: cannot write the report to %s: %s\n",
			o->json, strerror(errno));
		return 3;
	}
	report_json(out, o, answers);
	if (fflush(out) || ferror(out)) {
		fprintf(stderr, "kvtier-engine: cannot write the report to %s\n", o->json);
		return 3;
	}
	return 0;
}

/* Whoever computed it, and whatever was cached. */
static int all_agree(const struct options *o, const struct answer *answers)
{
	unsigned int i;

	for (i = o->nr_prompts; i < o->servers * o->nr_prompts; i++) {
		const struct answer *first = &answers[i % o->nr_prompts];

		if (answers[i].logits != first->logits ||
		    answers[i].kv != first->kv)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct answer *answers;
	struct options o;
	int status;

	options_parse(&o, argc, argv);
	if (o.describe) {
		report_shape(stdout, &o.shape);
		putchar('\n');
		return 0;
	}
	answers = servers_run(&o, &status);
	if (!answers)
		return status;
	status = write_report(&o, answers);
	if (!status && !all_agree(&o, answers)) {
		fprintf(stderr, "kvtier-engine: WRONG: servers of the same prompt have other keys, values or logits\n");
		status = 1;
	}
	servers_free(&o, answers);
	return status;
}
