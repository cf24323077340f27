// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "node.h"
#include "say.h"
#include "size.h"

static const char *arg_kind(const char *text, void *to)
{
	enum kvt_tier_kind *kind = to;

	if (!strcmp(text, "dram"))
		*kind = KVT_TIER_DRAM;
	else if (!strcmp(text, "cxl"))
		*kind = KVT_TIER_CXL;
	else
		return "a tier that is made of memory is dram or cxl";
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

int tier_add(const struct command *cmd, int argc, char **argv)
{
	enum kvt_tier_kind kind;
	unsigned int node;
	uint64_t bytes;
	const char *name;
	struct opt opts[] = {
		OPT("kind", arg_kind, &kind, .required = true),
		OPT("node", arg_node, &node, .required = true),
		OPT("size", arg_tier_size, &bytes, .required = true),
		{}
	};
	int ctl, code, ret;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "tier", arg_name, argv[0], &name);
	if (code)
		return code;
	doing("add tier \"%s\"", name);
	code = control_open(&ctl);
	if (code)
		return code;
	ret = kvt_ctl_tier_add(ctl, name, kind, node, &bytes);
	close(ctl);
	return ret ? explain(node, bytes, ret) : CTL_OK;
}
