// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the versions of the tool, the library and the module. That the module
 * is not loaded, or not for us to open, is an answer here, not a failure.
 */
#include <stdio.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "out.h"
#include "sysfs.h"

static const struct column columns[] = {
	COLUMN("kvtierctl",	"kvtierctl",	COL_TEXT),
	COLUMN("libkvtier",	"libkvtier",	COL_TEXT),
	COLUMN("module",	"module",	COL_TEXT),
	COLUMN("ABI, tool",	"abi",		COL_TEXT),
	COLUMN("ABI, module", "module_abi",	COL_TEXT),
	{}
};

/* Both are left out when the control device cannot be asked. */
static void add_module(json_object *versions)
{
	struct kvt_version version;
	int ctl = kvt_open_control();

	put_text(versions, "module", NULL);
	put_text(versions, "module_abi", NULL);
	if (ctl < 0)
		return;
	if (!kvt_ctl_version(ctl, &version)) {
		put_text(versions, "module", (const char *)version.release);
		put_int(versions, "module_abi", version.abi);
	}
	close(ctl);
}

/* Anybody may read this one. */
static void add_module_release(json_object *versions)
{
	char text[SYSFS_TEXT];

	if (*get_text(versions, "module"))
		return;
	if (!sysfs_text(text, "../module/kvtier/version"))
		put_text(versions, "module", text);
}

static void print(json_object *versions)
{
	if (!module_loaded())
		put_text(versions, "module", "not loaded");
	out_pairs(versions, columns);
}

int version_run(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	struct opt opts[] = {
		OPT("json", NULL, &json),
		{}
	};
	json_object *versions;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	versions = json_object_new_object();
	put_text(versions, "kvtierctl", KVTIER_VERSION);
	put_text(versions, "libkvtier", kvt_lib_version());
	put_int(versions, "abi", KVT_ABI_VERSION);
	add_module(versions);
	add_module_release(versions);
	if (json)
		out_json(versions);
	else
		print(versions);
	json_object_put(versions);
	return CTL_OK;
}
