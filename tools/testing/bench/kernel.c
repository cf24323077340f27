// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

/* The number in a file, or KERNEL_NONE. */
uint64_t kernel_number(const char *path)
{
	unsigned long long v;
	FILE *f = fopen(path, "re");
	int n;

	if (!f)
		return KERNEL_NONE;
	n = fscanf(f, "%llu", &v);
	fclose(f);
	return n == 1 ? v : KERNEL_NONE;
}

/* Returns 0, or -1 and has said why. */
int kernel_set(const char *path, const char *value)
{
	FILE *f = fopen(path, "we");
	int err = 0;

	if (!f || fputs(value, f) < 0)
		err = errno;
	if (f && fclose(f) && !err)
		err = errno;
	if (err)
		fprintf(stderr, "kvtier-bench: cannot write '%s' to %s: %s\n",
			value, path, strerror(err));
	return err ? -1 : 0;
}

static int matches(const char *name, const char *prefix, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return !strncmp(name, prefix, strlen(prefix)) && len >= end &&
	       !strcmp(name + len - end, suffix);
}

/*
 * The sum of the numbers in a file of lines "name number" whose names begin
 * and end so; 0 if there are none.
 */
uint64_t kernel_sum(const char *path, const char *prefix, const char *suffix)
{
	char line[256], name[128];
	unsigned long long v;
	uint64_t sum = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%127s %llu", name, &v) == 2 &&
		    matches(name, prefix, suffix))
			sum += v;
	fclose(f);
	return sum;
}

/* Memory that a slab cache takes, or KERNEL_NONE: it is merged with others. */
uint64_t kernel_slab_bytes(const char *cache)
{
	unsigned long per_slab, slabs;
	uint64_t bytes = KERNEL_NONE;
	char line[512], name[128];
	FILE *f = fopen("/proc/slabinfo", "re");

	if (!f)
		return KERNEL_NONE;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%127s %*u %*u %*u %*u %lu : tunables %*u %*u %*u : slabdata %*u %lu",
			   name, &per_slab, &slabs) == 3 &&
		    !strcmp(name, cache))
			bytes = slabs * per_slab * sysconf(_SC_PAGESIZE);
	fclose(f);
	return bytes;
}

/* Free pages, those in the processors' own lists included. */
uint64_t kernel_free_pages(void)
{
	return kernel_sum("/proc/vmstat", "nr_free_pages", "") +
	       kernel_sum("/proc/zoneinfo", "count:", "");
}

/*
 * Let what was freed by RCU, or is left to a worker, come to an end, and the
 * processors' own counts be added up: what is read next is exact.
 */
void kernel_settle(void)
{
	usleep(500000);
	kernel_set("/proc/sys/vm/stat_refresh", "1");
}
