// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "args.h"
#include "device.h"
#include "keys.h"
#include "say.h"

struct wanted {
	struct kvt_how how;
	bool chain;
	bool json;
};

static const struct column columns[] = {
	COLUMN("KEY",	"key",		COL_TEXT),
	COLUMN("STATE",	"state",	COL_TEXT),
	{}
};

static const char *state_of(int32_t result)
{
	if (kvt_result_ok(result))
		return "dropped";
	return result == -ENOENT ? "absent" : kvt_strerror(KVT_CALL_DROP, result);
}

static int drop(struct kvt_space *space, const char *name,
		const struct kvt_key *keys, int nr, const struct wanted *wanted)
{
	int32_t *results = calloc(nr, sizeof(*results));
	bool failed = false;
	json_object *rows;
	ssize_t ret;
	int i;

	if (!results)
		return cannot(CTL_FAILED, "out of memory");
	ret = kvt_drop(space, keys, nr, &wanted->how, results);
	if (ret < 0) {
		free(results);
		return cannot_call(KVT_CALL_DROP, ret);
	}
	rows = json_object_new_array();
	for (i = 0; i < nr; i++) {
		json_object_array_add(rows, keys_row(&keys[i], state_of(results[i])));
		failed |= results[i] < 0 && results[i] != -ENOENT;
	}
	keys_print(name, rows, columns, ret, wanted->json, "dropped");
	json_object_put(rows);
	free(results);
	return failed && !ret ? CTL_FAILED : keys_exit(ret, nr);
}

static int open_and_drop(const char *name, const struct kvt_key *keys, int nr,
			 const struct wanted *wanted)
{
	struct kvt_space *space;
	int code = space_open(name, 0, &space);

	if (code)
		return code;
	code = drop(space, name, keys, nr, wanted);
	kvt_close(space);
	return code;
}

int drop_run(const struct command *cmd, int argc, char **argv)
{
	struct wanted wanted = {};
	struct opt opts[] = {
		OPT("chain", NULL, &wanted.chain),
		OPT("json", NULL, &wanted.json),
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
	if (wanted.chain)
		wanted.how.flags |= KVT_F_CHAIN;
	doing("drop blocks of space \"%s\"", name);
	code = open_and_drop(name, keys, nr - 1, &wanted);
	free(keys);
	return code;
}
