/* SPDX-License-Identifier: GPL-2.0 */
/* Commands on a list of keys, and the table of what became of each. */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include <json-c/json.h>

#include "command.h"
#include "libkvtier.h"
#include "out.h"

/** keys_parse() - parse operands; @keys: out: malloc'ed; CTL_OK or CTL_USAGE */
int keys_parse(const struct command *cmd, char **texts, int nr, struct kvt_key **keys);

/** keys_row() - a JSON object with the fields "key" and "state" */
json_object *keys_row(const struct kvt_key *key, const char *state);

/*
 * keys_print() - print what became of the keys
 * @rows: made with keys_row()
 * @columns: of the table
 * @ok: how many succeeded
 * @json: as JSON, where a field @what tells @ok
 */
void keys_print(const char *space, json_object *rows,
		const struct column *columns, int ok, bool json, const char *what);

/** keys_exit() - exit code of a command where @ok of @nr keys succeeded */
int keys_exit(int ok, int nr);

#endif /* CTL_KEYS_H */
