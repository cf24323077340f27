// SPDX-License-Identifier: GPL-2.0
/*
 * Draining a space to its remote tier before its host goes, and getting the blocks
 * up again on another one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "clock.h"
#include "device.h"
#include "manifest.h"
#include "out.h"
#include "progress.h"
#include "say.h"
#include "sysfs.h"

/* How often it is looked how far it has come, seconds. */
#define LOOK .2

/* Blocks that are asked for at a time. */
#define BATCH 256

static const struct column account[] = {
	COLUMN("Blocks",		"total",	COL_COUNT),
	COLUMN("On the pool",		"copied",	COL_COUNT),
	COLUMN("Failed, or gone",	"failed",	COL_COUNT),
	COLUMN("Not done in time",	"left",		COL_COUNT),
	COLUMN("Seconds",		"seconds",	COL_RATE),
	{}
};

static const struct column found[] = {
	COLUMN("Blocks",	"total",	COL_COUNT),
	COLUMN("Here",		"here",		COL_COUNT),
	COLUMN("Missing",	"missing",	COL_COUNT),
	COLUMN("Seconds",	"seconds",	COL_RATE),
	{}
};

static const char *arg_path(const char *text, void *to)
{
	*(const char **)to = text;
	return *text ? NULL : "is empty";
}

static void print(json_object *result, const struct column *columns, bool json)
{
	if (json)
		out_json(result);
	else
		out_pairs(result, columns);
}

/* --------------------------------------------------------------------------- drain */

static uint64_t count(const char *space, const char *what)
{
	uint64_t nr = 0;

	sysfs_number(&nr, SYSFS_SPACES "/%s/drain/%s", space, what);
	return nr;
}

static int begin(const char *space)
{
	switch (-sysfs_write("1", SYSFS_SPACES "/%s/drain/on", space)) {
	case 0:
		return CTL_OK;
	case ENOENT:
		return cannot(CTL_MISSING, "there is no such space; see: kvtierctl space list");
	case ENOLINK:
		return cannot(CTL_FAILED, "it has no remote tier with a helper: set remote= (kvtierctl space set) and start kvtierd");
	case EBUSY:
		return cannot(CTL_FAILED, "it is being drained already");
	case EACCES:
	case EPERM:
		return cannot(CTL_DENIED, "only root may do that");
	case ENOMEM:
		return cannot(CTL_FAILED, "the kernel is out of memory");
	default:
		return cannot(CTL_FAILED, "the module refuses to begin");
	}
}

/* Until it is over, or the time. */
static void wait_for_end(const char *space, double deadline)
{
	double at = clock_now();

	while (count(space, "on")) {
		if (deadline && at >= deadline) {
			sysfs_write("0", SYSFS_SPACES "/%s/drain/on", space);
			break;
		}
		progress_show("%s: %llu of %llu blocks are on the pool", space,
			      (unsigned long long)count(space, "done"),
			      (unsigned long long)count(space, "total"));
		at += LOOK;
		clock_sleep_until(at);
	}
	progress_end();
}

static int conclude(const char *space, double seconds, bool json)
{
	uint64_t total = count(space, "total"), done = count(space, "done");
	uint64_t failed = count(space, "failed");
	json_object *result = json_object_new_object();

	put_text(result, "space", space);
	put_int(result, "total", total);
	put_int(result, "copied", done);
	put_int(result, "failed", failed);
	put_int(result, "left", total - done - failed);
	put_real(result, "seconds", seconds);
	print(result, account, json);
	json_object_put(result);
	return done == total ? CTL_OK : CTL_PARTIAL;
}

/* What it holds before: what is not on the pool in the end is a miss there. */
static int write_list(const char *space, const char *path)
{
	struct manifest_block *blocks = NULL;
	long nr = manifest_ask(space, &blocks);
	int code;

	if (nr < 0)
		return CTL_FAILED;
	code = manifest_write(path, blocks, nr);
	free(blocks);
	return code;
}

int drain_run(const struct command *cmd, int argc, char **argv)
{
	const char *list = NULL, *space;
	double deadline = 0, start;
	bool json = false;
	struct opt opts[] = {
		OPT("deadline", arg_interval, &deadline),
		OPT("list", arg_path, &list),
		OPT("json", NULL, &json),
		{}
	};
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &space);
	if (code)
		return code;
	doing("drain space \"%s\"", space);
	if (no_module())
		return CTL_NO_MODULE;
	start = clock_now();
	code = begin(space);
	if (!code && list)
		code = write_list(space, list);
	if (code)
		return code;
	wait_for_end(space, deadline ? start + deadline : 0);
	return conclude(space, clock_now() - start, json);
}

/* ------------------------------------------------------------------------- restore */

static bool is_here(struct kvt_space *space, const struct kvt_key *key)
{
	struct kvt_block block;

	return kvt_lookup(space, key, 1, NULL, &block) == 1;
}

/* Those that are not here yet, to the front. Returns how many. */
static long sift(struct kvt_space *space, struct manifest_block *blocks, long nr)
{
	long i, left = 0;

	for (i = 0; i < nr; i++)
		if (!is_here(space, &blocks[i].key))
			blocks[left++] = blocks[i];
	return left;
}

/* Ask for some, and wait until they are here or nothing comes any more. */
static int restore_some(struct kvt_space *space, struct manifest_block *blocks,
			long nr, double deadline, long *here)
{
	struct kvt_key keys[BATCH];
	double quiet = clock_now();
	long i, left = nr, now;
	ssize_t ret;

	for (i = 0; i < nr; i++)
		keys[i] = blocks[i].key;
	ret = kvt_prefetch(space, keys, nr, NULL, NULL);
	if (ret < 0)
		return cannot_call(KVT_CALL_PREFETCH, ret);
	while (left && clock_now() - quiet < 3 &&
	       (!deadline || clock_now() < deadline)) {
		now = sift(space, blocks, left);
		if (now < left)
			quiet = clock_now();
		left = now;
		if (left)
			clock_sleep_until(clock_now() + .02);
	}
	*here += nr - left;
	return CTL_OK;
}

static int restore(struct kvt_space *space, const char *name,
		   struct manifest_block *blocks, long nr, double deadline,
		   long *here)
{
	long i, n;
	int code = CTL_OK;

	for (i = 0; i < nr && !code && (!deadline || clock_now() < deadline); i += n) {
		n = nr - i < BATCH ? nr - i : BATCH;
		code = restore_some(space, blocks + i, n, deadline, here);
		progress_show("%s: %ld of %ld blocks are here", name, *here, nr);
	}
	progress_end();
	return code;
}

static int tell_restored(const char *name, long nr, long here, double seconds,
			 bool json)
{
	json_object *result = json_object_new_object();

	put_text(result, "space", name);
	put_int(result, "total", nr);
	put_int(result, "here", here);
	put_int(result, "missing", nr - here);
	put_real(result, "seconds", seconds);
	print(result, found, json);
	json_object_put(result);
	return here == nr ? CTL_OK : CTL_PARTIAL;
}

static int open_and_restore(const char *name, const char *list, double timeout,
			    bool json)
{
	struct manifest_block *blocks = NULL;
	double start = clock_now();
	struct kvt_space *space;
	long nr, here = 0;
	int code;

	nr = manifest_read(list, &blocks);
	if (nr < 0)
		return CTL_FAILED;
	code = space_open(name, KVT_OPEN_RDONLY, &space);
	if (!code) {
		code = restore(space, name, blocks, nr,
			       timeout ? start + timeout : 0, &here);
		kvt_close(space);
	}
	free(blocks);
	return code ? code : tell_restored(name, nr, here, clock_now() - start,
					   json);
}

int restore_run(const struct command *cmd, int argc, char **argv)
{
	const char *list = NULL, *space;
	double deadline = 0;
	bool json = false;
	struct opt opts[] = {
		OPT("list", arg_path, &list, .required = true),
		OPT("deadline", arg_interval, &deadline),
		OPT("json", NULL, &json),
		{}
	};
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	code = operand(cmd, "space", arg_name, argv[0], &space);
	if (code)
		return code;
	doing("restore space \"%s\"", space);
	return open_and_restore(space, list, deadline, json);
}
