// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "block_file.h"
#include "device.h"
#include "key.h"
#include "out.h"
#include "say.h"

struct wanted {
	struct kvt_key key;
	struct kvt_key parent;
	struct kvt_how how;
	unsigned int class_id;
	bool pad;
	bool json;
};

static void print(const char *name, const struct wanted *wanted,
		  const struct kvt_block *block)
{
	bool present = block->result & KVT_RES_PRESENT;
	const char *tier = kvt_tier_kind_name(kvt_result_tier(block->result));
	json_object *object = json_object_new_object();
	char key[HEX_TEXT];

	put_text(object, "space", name);
	put_text(object, "key", hex_text(wanted->key.bytes, key));
	json_object_object_add(object, "stored", json_object_new_boolean(!present));
	put_int(object, "slot", block->slot);
	put_text(object, "tier", tier);
	if (wanted->json)
		out_json(object);
	else
		printf("%s  slot %u  %s%s\n", key, block->slot, tier,
		       present ? "  (was there already)" : "");
	json_object_put(object);
}

static int put(struct kvt_space *space, const char *name, const char *path,
	       const struct wanted *wanted)
{
	uint32_t size = kvt_block_size(space);
	struct kvt_block block = {};
	char *data = malloc(size);
	ssize_t ret;
	int code;

	if (!data)
		return cannot(CTL_FAILED, "out of memory");
	code = block_read(path, data, size, wanted->pad);
	if (!code) {
		ret = kvt_put(space, &wanted->key, 1, data, &wanted->how, &block);
		if (ret == 1)
			print(name, wanted, &block);
		else
			code = cannot_call(KVT_CALL_PUT, ret < 0 ? ret : block.result);
	}
	free(data);
	return code;
}

static int open_and_put(const char *name, const char *path, struct wanted *wanted)
{
	struct kvt_space *space;
	int code = space_open(name, 0, &space);

	if (code)
		return code;
	code = put(space, name, path, wanted);
	kvt_close(space);
	return code;
}

int put_run(const struct command *cmd, int argc, char **argv)
{
	struct wanted wanted = {};
	struct opt opts[] = {
		OPT("parent", arg_key, wanted.parent.bytes),
		OPT("class", arg_class, &wanted.class_id),
		OPT("pad", NULL, &wanted.pad),
		OPT("json", NULL, &wanted.json),
		{}
	};
	const char *name;
	int code, nr;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (!code)
		code = operand(cmd, "key", arg_key, argv[1], wanted.key.bytes);
	if (code)
		return code;
	if (opts[0].seen)
		wanted.how.parent = &wanted.parent;
	if (opts[1].seen) {
		wanted.how.flags |= KVT_F_CLASS;
		wanted.how.class_id = wanted.class_id;
	}
	doing("put block '%s' into space \"%s\"", argv[1], name);
	return open_and_put(name, nr > 2 ? argv[2] : NULL, &wanted);
}
