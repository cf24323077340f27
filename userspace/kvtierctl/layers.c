// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE	/* strchrnul() */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "layers.h"
#include "libkvtier.h"
#include "out.h"
#include "size.h"

#define TOO_MANY	"a block has 1 to 1024 layers"

/* --- the option ------------------------------------------------------- */

static const char *parse_number(const char *text, struct layers *layers)
{
	const char *wrong = arg_u32(text, &layers->nr);

	if (wrong)
		return "not a number of layers, nor their sizes, as in 64K,64K,128K";
	layers->alike = true;
	return layers->nr && layers->nr <= KVT_MAX_LAYERS ? NULL : TOO_MANY;
}

static const char *parse_one(const char *text, struct layers *layers)
{
	uint64_t begin = layers->nr ? layers->ends[layers->nr - 1] : 0;
	uint64_t size;
	const char *wrong = arg_size(text, &size);

	if (wrong)
		return wrong;
	if (!size)
		return "a layer of 0 bytes";
	if (layers->nr == KVT_MAX_LAYERS)
		return TOO_MANY;
	if (size > KVT_BLOCK_SIZE_MAX - begin)
		return "more than the 64M of the largest block";
	layers->ends[layers->nr++] = begin + size;
	return NULL;
}

const char *arg_layers(const char *text, void *to)
{
	struct layers *layers = to;
	const char *wrong = NULL, *comma;
	char one[32];

	if (!strchr(text, ','))
		return parse_number(text, layers);
	for (; text && !wrong; text = *comma ? comma + 1 : NULL) {
		comma = strchrnul(text, ',');
		if ((size_t)(comma - text) >= sizeof(one))
			return "too large a size";
		snprintf(one, sizeof(one), "%.*s", (int)(comma - text), text);
		wrong = parse_one(one, layers);
	}
	return wrong;
}

const char *layers_fit(struct layers *layers, uint64_t block_size)
{
	static char wrong[128];
	char sum[SIZE_TEXT], block[SIZE_TEXT];
	unsigned int i;

	size_exact(block_size, block);
	if (layers->alike && block_size % layers->nr) {
		snprintf(wrong, sizeof(wrong), "a block of %s is not of %u layers of the same size; state each size",
			 block, layers->nr);
		return wrong;
	}
	for (i = 0; layers->alike && i < layers->nr; i++)
		layers->ends[i] = block_size / layers->nr * (i + 1);
	if (!layers->nr || layers->ends[layers->nr - 1] == block_size)
		return NULL;
	size_exact(layers->ends[layers->nr - 1], sum);
	snprintf(wrong, sizeof(wrong), "the layers are %s in all, a block is %s", sum, block);
	return wrong;
}

/* --- showing them ----------------------------------------------------- */

static const struct column columns[] = {
	COLUMN("LAYER",	"layer",	COL_COUNT),
	COLUMN("FROM",	"from",		COL_COUNT),
	COLUMN("SIZE",	"size",		COL_COUNT),
	{}
};

void layers_add(json_object *space, const char *name)
{
	json_object *sizes = json_object_new_array();
	struct kvt_space *handle;
	uint32_t i, len;

	/* Who may not open it does not get to know. */
	if (kvt_open(name, KVT_OPEN_RDONLY, NULL, &handle)) {
		json_object_put(sizes);
		return;
	}
	for (i = 0; i < kvt_nr_layers(handle) && !kvt_layer(handle, i, NULL, &len); i++)
		json_object_array_add(sizes, json_object_new_int64(len));
	kvt_close(handle);
	json_object_object_add(space, "layers", sizes);
}

static int64_t size_of(json_object *sizes, size_t i)
{
	return json_object_get_int64(json_object_array_get_idx(sizes, i));
}

static bool are_alike(json_object *sizes)
{
	size_t i;

	for (i = 1; i < json_object_array_length(sizes); i++)
		if (size_of(sizes, i) != size_of(sizes, 0))
			return false;
	return true;
}

static void print_table(json_object *sizes)
{
	json_object *rows = json_object_new_array();
	int64_t from = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(sizes); i++) {
		json_object *row = json_object_new_object();

		put_int(row, "layer", i);
		put_int(row, "from", from);
		put_int(row, "size", size_of(sizes, i));
		from += size_of(sizes, i);
		json_object_array_add(rows, row);
	}
	out_table(rows, columns, true);
	json_object_put(rows);
}

void layers_print(json_object *space)
{
	char text[SIZE_TEXT];
	json_object *sizes;
	size_t nr;

	if (!json_object_object_get_ex(space, "layers", &sizes))
		return;
	nr = json_object_array_length(sizes);
	if (!nr)
		return;
	putchar('\n');
	if (are_alike(sizes))
		printf("%zu layers of %s\n", nr, size_exact(size_of(sizes, 0), text));
	else
		print_table(sizes);
}
