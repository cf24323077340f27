// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "say.h"

static const struct column columns[] = {
	COLUMN("SPACE",	"name",		COL_TEXT),
	COLUMN("BLOCK",	"block_size",	COL_SIZE),
	COLUMN("QUOTA",	"bytes",	COL_SIZE),
	COLUMN("NVME",	"nvme_bytes",	COL_SIZE),
	COLUMN("FRAMES",	"frames",	COL_COUNT),
	COLUMN("FREE",	"free_frames",	COL_COUNT),
	COLUMN("BLOCKS",	"blocks",	COL_COUNT),
	COLUMN("LEASES",	"leases",	COL_COUNT),
	COLUMN("OPENERS",	"openers",	COL_COUNT),
	COLUMN("MODE",	"mode",		COL_TEXT),
	COLUMN("UID",	"uid",		COL_COUNT),
	COLUMN("GID",	"gid",		COL_COUNT),
	{}
};

int space_list(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	struct opt opts[] = {
		OPT("json", NULL, &json),
		{}
	};
	json_object *spaces;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	doing("list spaces");
	if (no_module())
		return CTL_NO_MODULE;
	spaces = info_spaces();
	if (json)
		out_json(spaces);
	else
		out_table(spaces, columns, true);
	json_object_put(spaces);
	return CTL_OK;
}
