// SPDX-License-Identifier: GPL-2.0
/*
 * --faults: on a debug kernel, let allocations fail that the module makes on a
 * worker's behalf. Only those whose call chain goes through the module, so that
 * the worker itself is spared.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "torture.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define SECTIONS	"/sys/module/kvtier/sections/"

static const char *const points[] = { "failslab", "fail_page_alloc" };

static bool set(const char *point, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", point, file);
	return tree_write(path, value);
}

static bool set_number(const char *point, const char *file,
		       unsigned long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", value);
	return set(point, file, text);
}

static unsigned long long module_text(void)
{
	unsigned long long start = 0;
	FILE *f = fopen(SECTIONS ".text", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llx", &start) != 1)
		start = 0;
	fclose(f);
	return start;
}

/* Values are per cent: a chance of n per mille is 1 in 1000 / n. */
static bool start_point(const struct options *o, const char *point,
			unsigned long long text)
{
	unsigned int interval = 1000 / o->faults;

	set(point, "ignore-gfp-wait", "0");
	set(point, "verbose", "0");
	return set(point, "task-filter", "Y") &&
	       set_number(point, "require-start", text) &&
	       set_number(point, "require-end", text + (1 << 20)) &&
	       set(point, "stacktrace-depth", "32") &&
	       set_number(point, "interval", interval ? interval : 1) &&
	       set(point, "times", "-1") && set(point, "probability", "100");
}

int fault_start(const struct options *o)
{
	unsigned long long text;
	unsigned int i;

	if (!o->faults)
		return 0;
	text = module_text();
	for (i = 0; i < 2; i++)
		if (!text || !start_point(o, points[i], text))
			return -EOPNOTSUPP;
	set("fail_page_alloc", "min-order", "0");
	return 0;
}

/* In a worker. */
void fault_me(const struct options *o)
{
	if (o->faults)
		tree_write("/proc/self/make-it-fail", "1");
}

void fault_stop(const struct options *o)
{
	unsigned int i;

	for (i = 0; o->faults && i < 2; i++)
		set(points[i], "probability", "0");
}
