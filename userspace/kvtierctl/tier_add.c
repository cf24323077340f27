// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "node.h"
#include "nvme_add.h"
#include "say.h"
#include "size.h"

static const char other_kinds[] =
	"memory is dram or cxl; for devices: kvtierctl tier add nvme --device PATH; "
	"for a pool: kvtierctl tier add remote NAME";

static const char *arg_kind(const char *text, void *to)
{
	enum kvt_tier_kind *kind = to;

	if (!strcmp(text, "dram"))
		*kind = KVT_TIER_DRAM;
	else if (!strcmp(text, "cxl"))
		*kind = KVT_TIER_CXL;
	else
		return other_kinds;
	return NULL;
}

static int explain(int node, uint64_t bytes, int error)
{
	char asked[SIZE_TEXT], has[SIZE_TEXT], nodes[NODE_TEXT];
	uint64_t room;

	switch (error) {
	case -EEXIST:
		return cannot(CTL_FAILED, "a tier of this name exists; see: kvtierctl tier list");
	case -ENODEV:
		return cannot(CTL_MISSING, "there is no NUMA node %d with memory; nodes that have some: %s",
			      node, node_with_memory(nodes));
	case -ENOMEM:
		if (node_free(node, &room))
			return cannot_call(KVT_CALL_TIER_ADD, error);
		return cannot(CTL_FAILED, "node %d could not give %s (%s are free on it, of which the kernel keeps a part); ask for less or free memory there",
			      node, size_text(bytes, asked), size_text(room, has));
	case -EADDRNOTAVAIL:
		return cannot(CTL_FAILED, "all memory of node %d is online as movable, which devices cannot use; bring it online with daxctl online-memory --no-movable, or write online_kernel to its memory blocks",
			      node);
	default:
		return cannot_call(KVT_CALL_TIER_ADD, error);
	}
}

static int add_memory(const char *name, enum kvt_tier_kind kind, int node, uint64_t bytes)
{
	int ctl, code, ret;

	doing("add tier \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	ret = kvt_ctl_tier_add(ctl, name, kind, node, &bytes);
	close(ctl);
	return ret ? explain(node, bytes, ret) : CTL_OK;
}

static int add_remote(const char *name)
{
	int ctl, code, ret;

	doing("add tier \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	ret = kvt_remote_add(ctl, name);
	close(ctl);
	if (ret == -EEXIST)
		return explain(0, 0, ret);
	return ret ? cannot_call(KVT_CALL_REMOTE_ADD, ret) : CTL_OK;
}

/* The first options are those of memory, which needs them all. */
enum { OPT_KIND, OPT_NODE, OPT_SIZE, OPT_DEVICE, OPT_NAME, NR_OPTS = 7 };

static int check_memory(const struct command *cmd, const struct opt *opts)
{
	int i;

	for (i = OPT_DEVICE; i < NR_OPTS; i++)
		if (opts[i].seen)
			return misuse(cmd, "--%s is for devices: kvtierctl tier add nvme --device PATH",
				      opts[i].name);
	for (i = OPT_KIND; i < OPT_DEVICE; i++)
		if (!opts[i].seen)
			return misuse(cmd, "--%s is missing", opts[i].name);
	return CTL_OK;
}

static int check_nvme(const struct command *cmd, const struct opt *opts)
{
	int i;

	for (i = OPT_KIND; i < OPT_DEVICE; i++)
		if (opts[i].seen)
			return misuse(cmd, "--%s is for tiers of memory", opts[i].name);
	if (!opts[OPT_DEVICE].seen)
		return misuse(cmd, "--%s is missing", opts[OPT_DEVICE].name);
	return CTL_OK;
}

static int check_remote(const struct command *cmd, const struct opt *opts)
{
	int i;

	for (i = 0; i < NR_OPTS; i++)
		if (opts[i].seen && i != OPT_NAME)
			return misuse(cmd, "--%s is not for remote tiers", opts[i].name);
	return CTL_OK;
}

/* The name is an operand, or stated as that of an nvme tier is. */
static int parse_remote(const struct command *cmd, const struct opt *opts,
			const char *text, const char *name)
{
	int code = check_remote(cmd, opts);

	if (!code && !text == !name)
		code = misuse(cmd, text ? "there are two names" :
			      "the name of the remote tier is missing");
	if (!code && text)
		code = operand(cmd, "tier", arg_name, text, &name);
	return code ? code : add_remote(name);
}

/* "nvme" and "remote" are kinds, unless --kind says that they are names. */
int tier_add(const struct command *cmd, int argc, char **argv)
{
	struct nvme_wanted wanted = {};
	enum kvt_tier_kind kind = KVT_TIER_DRAM;
	bool take_over = false;
	unsigned int node = 0;
	uint64_t bytes = 0;
	const char *name;
	struct opt opts[] = {
		OPT("kind", arg_kind, &kind),
		OPT("node", arg_node, &node),
		OPT("size", arg_tier_size, &bytes),
		OPT("device", arg_device, &wanted.add, .repeats = true),
		OPT("name", arg_name, &wanted.name),
		OPT("class", arg_grade, &wanted.grade),
		OPT("take-over", NULL, &take_over),
		{}
	};
	int code, nr;

	nr = args_parse(cmd, argc, argv, opts, &code);
	if (nr < 0)
		return code;
	if (!strcmp(argv[0], "remote") && !opts[OPT_KIND].seen)
		return parse_remote(cmd, opts, nr > 1 ? argv[1] : NULL, wanted.name);
	if (nr > 1)
		return misuse(cmd, "'%s' is one operand too many", argv[1]);
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	if (strcmp(name, "nvme") || opts[OPT_KIND].seen) {
		code = check_memory(cmd, opts);
		return code ? code : add_memory(name, kind, node, bytes);
	}
	code = check_nvme(cmd, opts);
	if (take_over)
		wanted.add.flags |= KVT_NVME_TAKE_OVER;
	return code ? code : nvme_add(&wanted);
}
