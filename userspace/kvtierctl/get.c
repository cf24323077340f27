// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "args.h"
#include "block_file.h"
#include "device.h"
#include "key.h"
#include "out.h"
#include "say.h"
#include "size.h"

struct wanted {
	struct kvt_key key;
	uint64_t offset;
	uint64_t length;	/* 0: to the end */
	bool json;
};

/* Only the open space knows how large a block is. */
static int check_range(const struct command *cmd, const struct wanted *wanted,
		       uint32_t size)
{
	char text[SIZE_TEXT];

	if (wanted->offset >= size)
		return misuse(cmd, "--offset: a block of this space has %s",
			      size_exact(size, text));
	if (wanted->length > size - wanted->offset)
		return misuse(cmd, "--length: only %s are left of a block at this offset",
			      size_exact(size - wanted->offset, text));
	return CTL_OK;
}

static void print(const char *name, const char *path, const struct wanted *wanted,
		  uint32_t length, int32_t result)
{
	json_object *object = json_object_new_object();
	char key[HEX_TEXT];

	put_text(object, "space", name);
	put_text(object, "key", hex_text(wanted->key.bytes, key));
	put_int(object, "offset", wanted->offset);
	put_int(object, "length", length);
	put_text(object, "tier", kvt_tier_kind_name(kvt_result_tier(result)));
	put_text(object, "file", path);
	out_json(object);
	json_object_put(object);
}

/* The file is touched only when there is something to write to it. */
static int get(struct kvt_space *space, const char *name, const char *path,
	       const struct wanted *wanted)
{
	uint32_t length = wanted->length;
	int32_t result = 0;
	ssize_t ret;
	char *data;
	int code;

	if (!length)
		length = kvt_block_size(space) - wanted->offset;
	data = malloc(length);
	if (!data)
		return cannot(CTL_FAILED, "out of memory");
	ret = kvt_get(space, &wanted->key, 1, wanted->offset, length, data, &result);
	if (ret == 1)
		code = block_write(path, data, length);
	else
		code = cannot_call(KVT_CALL_GET, ret < 0 ? ret : result);
	if (!code && wanted->json)
		print(name, path, wanted, length, result);
	free(data);
	return code;
}

static int open_and_get(const struct command *cmd, const char *name,
			const char *path, const struct wanted *wanted)
{
	struct kvt_space *space;
	int code = space_open(name, KVT_OPEN_RDONLY, &space);

	if (code)
		return code;
	code = check_range(cmd, wanted, kvt_block_size(space));
	if (!code)
		code = get(space, name, path, wanted);
	kvt_close(space);
	return code;
}

static const char *arg_length(const char *text, void *to)
{
	const char *wrong = arg_size(text, to);

	if (wrong)
		return wrong;
	return *(uint64_t *)to ? NULL : "the length must not be 0";
}

int get_run(const struct command *cmd, int argc, char **argv)
{
	struct wanted wanted = {};
	struct opt opts[] = {
		OPT("offset", arg_size, &wanted.offset),
		OPT("length", arg_length, &wanted.length),
		OPT("json", NULL, &wanted.json),
		{}
	};
	const char *name, *path;
	int code, nr;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (!code)
		code = operand(cmd, "key", arg_key, argv[1], wanted.key.bytes);
	if (code)
		return code;
	path = nr > 2 ? argv[2] : NULL;
	if (wanted.json && block_is_stdio(path))
		return misuse(cmd, "--json needs a FILE for the bytes: the standard output gets the JSON");
	if (!path && isatty(STDOUT_FILENO))
		return misuse(cmd, "the standard output is a terminal; state a FILE, or '-' to write to it all the same");
	doing("get block '%s' of space \"%s\"", argv[1], name);
	return open_and_get(cmd, name, path, &wanted);
}
