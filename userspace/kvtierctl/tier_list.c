// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "device.h"
#include "info.h"
#include "out.h"
#include "say.h"

static const struct column columns[] = {
	COLUMN("TIER",	"name",		COL_TEXT),
	COLUMN("KIND",	"kind",		COL_TEXT),
	COLUMN("NODE",	"node",		COL_COUNT),
	COLUMN("SIZE",	"size",		COL_SIZE),
	COLUMN("USED",	"used",		COL_SIZE),
	COLUMN("FREE",	"free",		COL_SIZE),
	COLUMN("LIMBO",	"limbo",	COL_SIZE),
	COLUMN("RETIRED",	"retired",	COL_SIZE),
	COLUMN("HUGE",	"huge",		COL_SIZE),
	{}
};

int tier_list(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	struct opt opts[] = {
		OPT("json", NULL, &json),
		{}
	};
	json_object *tiers;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	doing("list tiers");
	if (no_module())
		return CTL_NO_MODULE;
	tiers = info_tiers();
	if (json)
		out_json(tiers);
	else
		out_table(tiers, columns, true);
	json_object_put(tiers);
	return CTL_OK;
}
