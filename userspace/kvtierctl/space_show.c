// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "device.h"
#include "info.h"
#include "layers.h"
#include "out.h"
#include "say.h"

static const struct column facts[] = {
	COLUMN("device",		"device",	COL_TEXT),
	COLUMN("mode",		"mode",		COL_TEXT),
	COLUMN("owner",		"owner",	COL_TEXT),
	COLUMN("identity",		"identity",	COL_TEXT),
	COLUMN("block size",		"block_size",	COL_SIZE),
	COLUMN("blocks",		"blocks",	COL_COUNT),
	COLUMN("filling",		"filling",	COL_COUNT),
	COLUMN("leases",		"leases",	COL_COUNT),
	COLUMN("dropped, held",	"dropped_held",	COL_COUNT),
	COLUMN("quarantined",	"quarantined",	COL_COUNT),
	COLUMN("descriptors",	"descriptors",	COL_COUNT),
	COLUMN("metadata",		"metadata_bytes", COL_SIZE),
	COLUMN("openers",		"openers",	COL_COUNT),
	{}
};

static const struct column arena_columns[] = {
	COLUMN("ARENA",	"arena",	COL_COUNT),
	COLUMN("TIER",	"tier",		COL_TEXT),
	COLUMN("KIND",	"kind",		COL_TEXT),
	COLUMN("QUOTA",	"bytes",	COL_SIZE),
	COLUMN("FRAMES",	"frames",	COL_COUNT),
	COLUMN("FREE",	"free",		COL_COUNT),
	COLUMN("BLOCKS",	"blocks",	COL_COUNT),
	{}
};

static const struct column knob_columns[] = {
	COLUMN("default_class",	"default_class",	COL_TEXT),
	COLUMN("low_watermark",	"low_watermark",	COL_TEXT),
	COLUMN("high_watermark",	"high_watermark",	COL_TEXT),
	COLUMN("lease_quota",	"lease_quota",		COL_TEXT),
	COLUMN("fill_timeout_ms",	"fill_timeout_ms",	COL_TEXT),
	COLUMN("quarantine_ms",	"quarantine_ms",	COL_TEXT),
	COLUMN("promote",		"promote",		COL_TEXT),
	COLUMN("checksum",	"checksum",		COL_TEXT),
	COLUMN("verify",	"verify",		COL_TEXT),
	COLUMN("remote",	"remote",		COL_TEXT),
	COLUMN("remote_write",	"remote_write",		COL_TEXT),
	COLUMN("remote_rate",	"remote_rate",		COL_TEXT),
	COLUMN("remote_timeout_ms",	"remote_timeout_ms",	COL_TEXT),
	COLUMN("policy",		"policy",		COL_TEXT),
	{}
};

static const struct column class_columns[] = {
	COLUMN("CLASS",	"class",	COL_COUNT),
	COLUMN("TTL_S",	"ttl_s",	COL_COUNT),
	COLUMN("PRIORITY",	"priority",	COL_COUNT),
	COLUMN("FLOOR",	"floor",	COL_TEXT),
	{}
};

/* "user:group", with numbers for those without a name */
static void add_owner(json_object *space)
{
	const char *user = get_text(space, "user");
	const char *group = get_text(space, "group");
	char text[256];

	snprintf(text, sizeof(text), "%s:%s",
		 *user ? user : get_text(space, "uid"),
		 *group ? group : get_text(space, "gid"));
	put_text(space, "owner", text);
}

static bool is_default(json_object *class)
{
	return !get_int(class, "ttl_s") && get_int(class, "priority") == 3 &&
	       !strcmp(get_text(class, "floor"), "remote");
}

/* Those that somebody has changed: sixteen lines of defaults tell nothing. */
static void print_classes(json_object *classes)
{
	json_object *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(classes); i++) {
		json_object *class = json_object_array_get_idx(classes, i);

		if (!is_default(class))
			json_object_array_add(rows, json_object_get(class));
	}
	if (json_object_array_length(rows)) {
		putchar('\n');
		out_table(rows, class_columns, true);
	}
	json_object_put(rows);
}

static void print(json_object *space)
{
	json_object *part;

	add_owner(space);
	out_title(get_text(space, "name"));
	out_pairs(space, facts);
	putchar('\n');
	json_object_object_get_ex(space, "arenas", &part);
	out_table(part, arena_columns, true);
	layers_print(space);
	putchar('\n');
	out_title("KNOBS");
	json_object_object_get_ex(space, "knobs", &part);
	out_pairs(part, knob_columns);
	json_object_object_get_ex(space, "classes", &part);
	print_classes(part);
}

int space_show(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	struct opt opts[] = {
		OPT("json", NULL, &json),
		{}
	};
	const char *name;
	json_object *space;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("show space \"%s\"", name);
	space = info_space(name);
	if (!space)
		return no_space(name);
	layers_add(space, name);
	if (json)
		out_json(space);
	else
		print(space);
	json_object_put(space);
	return CTL_OK;
}
