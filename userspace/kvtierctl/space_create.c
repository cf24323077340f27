// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "device.h"
#include "key.h"
#include "layers.h"
#include "owner.h"
#include "quota.h"
#include "recovery.h"
#include "say.h"
#include "size.h"
#include "sysfs.h"

/* What the options state. */
struct wanted {
	uint64_t block_size;
	struct layers layers;
	struct quotas quotas;
	struct owner owner;
	unsigned int mode;
	unsigned int class_id;
	unsigned char identity[KVT_IDENTITY_SIZE];
	bool wait;
};

static int check_quotas(const struct command *cmd, const struct wanted *wanted)
{
	unsigned int i;

	for (i = 0; i < wanted->quotas.nr; i++) {
		const struct kvt_quota *quota = &wanted->quotas.list[i];

		if (quota->bytes < wanted->block_size)
			return misuse(cmd, "--quota for tier '%s': less than one block",
				      quota->tier);
	}
	return CTL_OK;
}

static int explain_quotas(const struct wanted *wanted, int error)
{
	const struct quotas *quotas = &wanted->quotas;
	int code = CTL_OK;
	uint64_t number;
	unsigned int i;

	for (i = 0; i < quotas->nr; i++) {
		const struct kvt_quota *quota = &quotas->list[i];

		if (error == -ENOSPC && quota_more_than_free(quota, quota->bytes))
			return say_no_room(quota, quota->bytes);
		if (error == -EINVAL)
			code = say_nvme_misfit(quota, wanted->block_size);
		if (code)
			return code;
		if (error == -ENOENT &&
		    sysfs_number(&number, SYSFS_TIERS "/%s/size", quota->tier))
			return no_tier((const char *)quota->tier);
	}
	return cannot_call(KVT_CALL_SPACE_CREATE, error);
}

static bool none_on_memory(const struct quotas *quotas)
{
	char kind[SYSFS_TEXT];
	unsigned int i;

	for (i = 0; i < quotas->nr; i++)
		if (sysfs_text(kind, SYSFS_TIERS "/%s/kind", quotas->list[i].tier) ||
		    strcmp(kind, "nvme"))
			return false;
	return true;
}

static int explain(const struct wanted *wanted, int error)
{
	switch (error) {
	case -EEXIST:
		return cannot(CTL_FAILED, "a space of this name exists; see: kvtierctl space list");
	case -ENOSPC:
	case -ENOENT:
		return explain_quotas(wanted, error);
	case -EINVAL:
		if (none_on_memory(&wanted->quotas))
			return cannot(CTL_FAILED, "it needs a quota on a tier of memory, too, where blocks are filled and read");
		return explain_quotas(wanted, error);
	default:
		return cannot_call(KVT_CALL_SPACE_CREATE, error);
	}
}

static int create(const char *name, const struct wanted *wanted)
{
	struct kvt_space_create args = {
		.block_size = wanted->block_size,
		.uid = wanted->owner.uid,
		.gid = wanted->owner.gid,
		.mode = wanted->mode,
		.default_class = wanted->class_id,
		.nr_quotas = wanted->quotas.nr,
		.layers = wanted->layers.nr ? (uintptr_t)wanted->layers.ends : 0,
		.nr_layers = wanted->layers.nr,
	};
	int ctl, ret, code = control_open(&ctl);

	if (code)
		return code;
	strcpy((char *)args.name, name);
	memcpy(args.identity, wanted->identity, sizeof(args.identity));
	memcpy(args.quotas, wanted->quotas.list, sizeof(args.quotas));
	ret = kvt_ctl_space_create(ctl, &args);
	close(ctl);
	return ret ? explain(wanted, ret) : CTL_OK;
}

/* Tiers of memory have nothing to wait for. */
static int wait_for_blocks(const char *name, const struct quotas *quotas)
{
	int code = CTL_OK;
	unsigned int i;

	doing("wait for the blocks of space \"%s\"", name);
	for (i = 0; i < quotas->nr && !code; i++)
		code = recovery_wait((const char *)quotas->list[i].tier, 0);
	return code;
}

int space_create(const struct command *cmd, int argc, char **argv)
{
	struct wanted wanted = { .mode = 0660 };
	struct opt opts[] = {
		OPT("block-size", arg_block_size, &wanted.block_size, .required = true),
		OPT("quota", arg_quota, &wanted.quotas, .required = true, .repeats = true),
		OPT("identity", arg_identity, wanted.identity),
		OPT("identity-text", arg_identity_text, wanted.identity),
		OPT("layers", arg_layers, &wanted.layers),
		OPT("owner", arg_owner, &wanted.owner),
		OPT("mode", arg_mode, &wanted.mode),
		OPT("class", arg_class, &wanted.class_id),
		OPT("wait", NULL, &wanted.wait),
		{}
	};
	const char *name, *wrong;
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &name);
	if (code)
		return code;
	if (opts[2].seen && opts[3].seen)
		return misuse(cmd, "--identity and --identity-text exclude each other");
	wrong = layers_fit(&wanted.layers, wanted.block_size);
	if (wrong)
		return misuse(cmd, "--layers: %s", wrong);
	code = check_quotas(cmd, &wanted);
	if (code)
		return code;
	doing("create space \"%s\"", name);
	code = create(name, &wanted);
	return code || !wanted.wait ? code : wait_for_blocks(name, &wanted.quotas);
}
