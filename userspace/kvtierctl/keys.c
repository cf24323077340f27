// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "args.h"
#include "key.h"
#include "keys.h"
#include "say.h"

int keys_parse(const struct command *cmd, char **texts, int nr, struct kvt_key **keys)
{
	int i, code = CTL_OK;

	*keys = calloc(nr, sizeof(**keys));
	if (!*keys)
		return fail(CTL_FAILED, "out of memory");
	for (i = 0; i < nr && !code; i++)
		code = operand(cmd, "key", arg_key, texts[i], (*keys)[i].bytes);
	if (!code)
		return CTL_OK;
	free(*keys);
	return code;
}

json_object *keys_row(const struct kvt_key *key, const char *state)
{
	json_object *row = json_object_new_object();
	char text[HEX_TEXT];

	put_text(row, "key", hex_text(key->bytes, text));
	put_text(row, "state", state);
	return row;
}

static void print_json(const char *space, json_object *rows, int ok, const char *what)
{
	json_object *object = json_object_new_object();

	put_text(object, "space", space);
	put_int(object, "asked", json_object_array_length(rows));
	put_int(object, what, ok);
	json_object_object_add(object, "blocks", json_object_get(rows));
	out_json(object);
	json_object_put(object);
}

void keys_print(const char *space, json_object *rows,
		const struct column *columns, int ok, bool json, const char *what)
{
	if (json)
		print_json(space, rows, ok, what);
	else
		out_table(rows, columns, true);
}

int keys_exit(int ok, int nr)
{
	if (ok == nr)
		return CTL_OK;
	return ok ? CTL_PARTIAL : CTL_MISSING;
}
