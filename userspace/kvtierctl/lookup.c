// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "args.h"
#include "device.h"
#include "keys.h"
#include "say.h"

static const struct column columns[] = {
	COLUMN("KEY",	"key",		COL_TEXT),
	COLUMN("SLOT",	"slot",		COL_COUNT),
	COLUMN("TIER",	"tier",		COL_TEXT),
	COLUMN("STATE",	"state",	COL_TEXT),
	{}
};

static json_object *make_row(const struct kvt_key *key, const struct kvt_block *block)
{
	int tier = kvt_result_tier(block->result);
	json_object *row;

	if (kvt_result_ok(block->result)) {
		row = keys_row(key, "present");
		put_int(row, "slot", block->slot);
		put_text(row, "tier", kvt_tier_kind_name(tier));
		return row;
	}
	/* Behind the first miss of a chain nothing is looked up. */
	row = keys_row(key, block->result == -ECANCELED ? "not tried" : "miss");
	put_text(row, "slot", NULL);
	put_text(row, "tier", NULL);
	return row;
}

static int lookup(struct kvt_space *space, const char *name,
		  const struct kvt_key *keys, int nr, bool json)
{
	struct kvt_block *blocks = calloc(nr, sizeof(*blocks));
	json_object *rows;
	ssize_t ret;
	int i;

	if (!blocks)
		return cannot(CTL_FAILED, "out of memory");
	ret = kvt_lookup(space, keys, nr, NULL, blocks);
	if (ret < 0) {
		free(blocks);
		return cannot_call(KVT_CALL_LOOKUP, ret);
	}
	rows = json_object_new_array();
	for (i = 0; i < nr; i++)
		json_object_array_add(rows, make_row(&keys[i], &blocks[i]));
	keys_print(name, rows, columns, ret, json, "present");
	json_object_put(rows);
	free(blocks);
	return keys_exit(ret, nr);
}

static int open_and_lookup(const char *name, const struct kvt_key *keys, int nr,
			   bool json)
{
	struct kvt_space *space;
	int code = space_open(name, KVT_OPEN_RDONLY, &space);

	if (code)
		return code;
	code = lookup(space, name, keys, nr, json);
	kvt_close(space);
	return code;
}

int lookup_run(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	struct opt opts[] = {
		OPT("json", NULL, &json),
		{}
	};
	struct kvt_key *keys;
	const char *name;
	int code, nr;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (!code)
		code = keys_parse(cmd, argv + 1, nr - 1, &keys);
	if (code)
		return code;
	doing("look up blocks of space \"%s\"", name);
	code = open_and_lookup(name, keys, nr - 1, json);
	free(keys);
	return code;
}
