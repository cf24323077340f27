/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ENGINE_OPTIONS_H
#define ENGINE_OPTIONS_H

#include <stdbool.h>

#include "serve.h"

#define MAX_PROMPTS	16
#define MAX_SERVERS	64

/**
 * struct options - the command line
 * @space: name of the space; NULL: no cache
 * @shape: the model
 * @plan: of each prompt, @tokens aside
 * @tokens: of each prompt
 * @nr_prompts: how many prompts
 * @servers: processes that serve all of them
 * @json: file for the report; NULL: in words
 * @logits: file for the logits of each prompt's last token; or NULL
 * @describe: only tell what blocks of this model are
 */
struct options {
	const char *space;
	struct shape shape;
	struct plan plan;
	unsigned int tokens[MAX_PROMPTS];
	unsigned int nr_prompts;
	unsigned int servers;
	const char *json;
	const char *logits;
	bool describe;
};

/* Ends the process where there is nothing more to do, or usage is bad (2). */
void options_parse(struct options *o, int argc, char **argv);

#endif /* ENGINE_OPTIONS_H */
