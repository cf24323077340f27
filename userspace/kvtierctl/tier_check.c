// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "log_tell.h"
#include "log_verify.h"
#include "say.h"
#include "size.h"

/* Exit codes of this command, as fsck's and others': "cannot tell" is 2. */
enum { CHECK_CLEAN = 0, CHECK_DAMAGED = 1, CHECK_NOT_DONE = 2 };

struct check {
	struct log_set set;
	struct log_walk walk;
	struct log_verify verify;
	json_object *problems;
	json_object *notes;
	bool tty;
	u64 done;
};

/* ------------------------------------------------------------------- totals */

static void put_space(json_object *row, const struct kvt_log_owner *space)
{
	char name[129], identity[65];

	put_text(row, "space", log_name_text(space->name, name));
	put_text(row, "identity", log_hex(space->identity, identity));
	put_int(row, "block_size", space->block_size);
}

static json_object *tell_space(const struct log_walk *w, u32 space)
{
	json_object *row = json_object_new_object();
	u64 segments = 0, blocks = 0, hidden = 0, tombs = 0;
	size_t i;

	for (i = 0; i < w->nr; i++) {
		const struct log_segment *s = &w->segments[i];

		if (s->found.kind == KVT_LOG_FREE || s->space != space)
			continue;
		segments++;
		blocks += s->fates[LOG_LIVE];
		hidden += s->fates[LOG_OLDER] + s->fates[LOG_DROPPED] + s->fates[LOG_GONE];
		tombs += s->fates[LOG_TOMB];
	}
	put_space(row, &w->spaces[space]);
	put_int(row, "segments", segments);
	put_int(row, "blocks", blocks);
	put_int(row, "bytes", blocks * w->spaces[space].block_size);
	put_int(row, "hidden", hidden);
	put_int(row, "tombs", tombs);
	return row;
}

static json_object *tell_spaces(const struct log_walk *w)
{
	json_object *rows = json_object_new_array();
	u32 i;

	for (i = 0; i < w->nr_spaces; i++)
		json_object_array_add(rows, tell_space(w, i));
	return rows;
}

/* ----------------------------------------------------------------- problems */

static void take_problem(void *arg, const struct log_problem *p)
{
	struct check *c = arg;
	json_object *row = json_object_new_object();

	put_text(row, "device", c->set.devices[p->device].media.path);
	if (p->segment >= 0)
		put_int(row, "segment", p->segment);
	if (p->entry >= 0)
		put_int(row, "entry", p->entry);
	put_text(row, "text", p->text);
	json_object_array_add(p->is_note ? c->notes : c->problems, row);
}

static void show_progress(void *arg)
{
	struct check *c = arg;

	c->done++;
	if (c->tty)
		fprintf(stderr, "\r%llu segments read ", (unsigned long long)c->done);
}

static void print_problem(const char *word, json_object *row)
{
	printf("%s: %s", word, get_text(row, "device"));
	if (json_object_object_get_ex(row, "segment", NULL))
		printf(", segment %lld", (long long)get_int(row, "segment"));
	if (json_object_object_get_ex(row, "entry", NULL))
		printf(", entry %lld", (long long)get_int(row, "entry"));
	printf(": %s\n", get_text(row, "text"));
}

static void print_problems(const char *word, json_object *rows)
{
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++)
		print_problem(word, json_object_array_get_idx(rows, i));
}

/* ------------------------------------------------------------------- output */

static const struct column space_columns[] = {
	COLUMN("SPACE",		"space",	COL_TEXT),
	COLUMN("BLOCK",		"block_size",	COL_SIZE),
	COLUMN("SEGMENTS",	"segments",	COL_COUNT),
	COLUMN("BLOCKS",	"blocks",	COL_COUNT),
	COLUMN("BYTES",		"bytes",	COL_SIZE),
	COLUMN("HIDDEN",	"hidden",	COL_COUNT),
	COLUMN("TOMBS",		"tombs",	COL_COUNT),
	{}
};

static void print_verdict(const struct check *c)
{
	char size[SIZE_TEXT];

	print_problems("note", c->notes);
	print_problems("damage", c->problems);
	if (c->verify.problems)
		printf("%llu problems\n", (unsigned long long)c->verify.problems);
	else if (c->verify.quick)
		printf("clean; the blocks themselves were not read\n");
	else
		printf("clean; %s of blocks were read\n", size_text(c->verify.verified, size));
}

static void tell(const struct check *c, bool json)
{
	json_object *all = log_tell_set(&c->set);
	json_object *devices = log_tell_devices(&c->set, &c->walk);
	json_object *spaces = tell_spaces(&c->walk);

	put_int(all, "verified", c->verify.verified);
	json_object_object_add(all, "clean", json_object_new_boolean(!c->verify.problems));
	json_object_object_add(all, "devices", devices);
	json_object_object_add(all, "spaces", spaces);
	json_object_object_add(all, "problems", json_object_get(c->problems));
	json_object_object_add(all, "notes", json_object_get(c->notes));
	if (json) {
		out_json(all);
	} else {
		log_title_set(&c->set);
		out_table(devices, log_device_columns, true);
		if (json_object_array_length(spaces))
			out_table(spaces, space_columns, true);
		print_verdict(c);
	}
	json_object_put(all);
}

static int look(struct check *c)
{
	int err = log_walk_pages(&c->walk, &c->set.source);

	if (!err)
		err = log_verify_run(&c->verify);
	if (c->tty && c->done)
		fputs("\r\033[K", stderr);
	if (err) {
		cannot(CTL_FAILED, "%s; what was found so far is not shown", strerror(-err));
		return CHECK_NOT_DONE;
	}
	return c->verify.problems ? CHECK_DAMAGED : CHECK_CLEAN;
}

static int check_set(struct check *c, int nr, char **paths, bool json)
{
	int code;

	if (log_set_open(&c->set, nr, paths, MEDIA_READ))
		return CHECK_NOT_DONE;
	log_missing(&c->set);
	c->verify.set = &c->set;
	c->verify.walk = &c->walk;
	c->verify.report = take_problem;
	c->verify.progress = show_progress;
	c->verify.arg = c;
	code = look(c);
	if (code != CHECK_NOT_DONE)
		tell(c, json);
	return code;
}

int tier_check(const struct command *cmd, int argc, char **argv)
{
	struct check c = { .tty = isatty(STDERR_FILENO) };
	bool json = false;
	struct opt opts[] = {
		OPT("quick", NULL, &c.verify.quick),
		OPT("json", NULL, &json),
		{}
	};
	int code, nr = args_parse(cmd, argc, argv, opts, &code);

	if (nr < 0)
		return code;
	doing("check");
	c.problems = json_object_new_array();
	c.notes = json_object_new_array();
	code = check_set(&c, nr, argv, json);
	log_walk_free(&c.walk);
	log_set_close(&c.set);
	json_object_put(c.problems);
	json_object_put(c.notes);
	return code;
}
