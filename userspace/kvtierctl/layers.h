/* SPDX-License-Identifier: GPL-2.0 */
/* The layers of a block: as an option, and as they are shown. */
#ifndef CTL_LAYERS_H
#define CTL_LAYERS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "kvtier.h"

/**
 * struct layers - what --layers was given
 * @nr: how many; 0: the option was not given
 * @alike: it was only said how many
 * @ends: where each ends, unless @alike
 */
struct layers {
	unsigned int nr;
	bool alike;
	uint32_t ends[KVT_MAX_LAYERS];
};

/** arg_layers() - parse_fn: a number, or SIZE,SIZE,...; @to: struct layers * */
const char *arg_layers(const char *text, void *to);

/*
 * layers_fit() - make @ends agree with the size of a block
 *
 * Return: NULL, or what is wrong. The message may be in a static buffer.
 */
const char *layers_fit(struct layers *layers, uint64_t block_size);

/** layers_add() - add "layers", their sizes, to what is told of a space */
void layers_add(json_object *space, const char *name);

/** layers_print() - print "layers" of it: a line if they are alike, or a table */
void layers_print(json_object *space);

#endif /* CTL_LAYERS_H */
