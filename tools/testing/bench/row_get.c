// SPDX-License-Identifier: GPL-2.0
/*
 * GET of 2 MiB blocks against memcpy of the same bytes. pread of a tmpfs file in
 * huge pages shows what the kernel's own copy to user space does at best, and
 * "rep movsq" what memcpy does with the instruction that the kernel uses.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "bed.h"
#include "buffer.h"
#include "report.h"

#define BLOCK MIB(2)

/**
 * struct get - a run of the row
 * @bed: the space
 * @from: what the blocks hold
 * @to: where all copies go
 * @fd: tmpfs file of the same bytes, or -1
 */
struct get {
	struct bed bed;
	struct buffer from;
	struct buffer to;
	int fd;
};

static char *from(struct get *g, uint32_t i)
{
	return g->from.at + i * BLOCK;
}

static char *to(struct get *g, uint32_t i)
{
	return g->to.at + i * BLOCK;
}

static int copy_memcpy(struct get *g, uint32_t i)
{
	memcpy(to(g, i), from(g, i), BLOCK);
	keep(to(g, i));
	return 0;
}

static int copy_movsq(struct get *g, uint32_t i)
{
#ifdef __x86_64__
	void *d = to(g, i), *s = from(g, i);
	size_t n = BLOCK / 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
	return 0;
#else
	return copy_memcpy(g, i);
#endif
}

static int copy_get(struct get *g, uint32_t i)
{
	return bed_run(&g->bed, KVT_OP_GET, i, 1);
}

static int copy_pread(struct get *g, uint32_t i)
{
	if (pread(g->fd, to(g, i), BLOCK, (off_t)(i * BLOCK)) ==
	    (ssize_t)BLOCK)
		return 0;
	fprintf(stderr, "kvtier-bench: cannot read a tmpfs file: %s\n",
		strerror(errno));
	return -1;
}

static const struct way {
	const char *name;
	int (*copy)(struct get *g, uint32_t i);
} ways[] = {
	{ "memcpy", copy_memcpy },
	{ "GET", copy_get },
	{ "pread of tmpfs, huge pages", copy_pread },
	{ "rep movsq", copy_movsq },
};

enum { MEMCPY, GET, PREAD, MOVSQ, NR_WAYS };

/* A file of @from's bytes on a tmpfs of huge pages that nobody else sees. */
static int tmpfs_file(struct get *g)
{
	char dir[] = "/tmp/kvtier-bench.XXXXXX", path[64];
	int fd = -1;

	if (!mkdtemp(dir))
		return -1;
	if (!mount("tmpfs", dir, "tmpfs", 0, "huge=always")) {
		snprintf(path, sizeof(path), "%s/file", dir);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	if (fd >= 0 && write(fd, g->from.at, g->from.len) !=
	    (ssize_t)g->from.len) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int put_blocks(struct get *g)
{
	uint32_t i;

	for (i = 0; i < g->bed.nr; i++)
		g->bed.entries[i].addr = (uintptr_t)from(g, i);
	if (bed_run(&g->bed, KVT_OP_PUT, 0, g->bed.nr))
		return -1;
	for (i = 0; i < g->bed.nr; i++) {
		g->bed.entries[i].addr = (uintptr_t)to(g, i);
		g->bed.entries[i].len = BLOCK;
	}
	return 0;
}

/* Every way copies the right bytes; and all memory has been touched. */
static int check(struct get *g)
{
	unsigned int w;
	uint32_t i;

	for (w = 0; w < NR_WAYS; w++) {
		if (w == PREAD && g->fd < 0)
			continue;
		memset(g->to.at, 0, g->to.len);
		for (i = 0; i < g->bed.nr; i++)
			if (ways[w].copy(g, i))
				return -1;
		if (!memcmp(g->from.at, g->to.at, g->from.len))
			continue;
		fprintf(stderr, "kvtier-bench: %s gave wrong bytes\n",
			ways[w].name);
		return -1;
	}
	return 0;
}

/*
 * Each block goes all ways in turn, and the best block of a repetition counts:
 * what the host does meanwhile does not.
 */
static int measure_once(struct get *g, uint64_t *best)
{
	unsigned int w;
	uint64_t t;
	uint32_t i;

	for (i = 0; i < g->bed.nr; i++)
		for (w = 0; w < NR_WAYS; w++) {
			if (w == PREAD && g->fd < 0)
				continue;
			t = now_ns();
			if (ways[w].copy(g, i))
				return -1;
			t = now_ns() - t;
			best[w] = t < best[w] ? t : best[w];
		}
	return 0;
}

static int measure(struct get *g, struct samples *rate)
{
	uint64_t best[NR_WAYS];
	unsigned int i, w;

	for (i = 0; i < g->bed.b->reps; i++) {
		memset(best, 0xff, sizeof(best));
		if (measure_once(g, best))
			return -1;
		for (w = 0; w < NR_WAYS; w++)
			if (w != PREAD || g->fd >= 0)
				samples_add(&rate[w], BLOCK * 1e3 / best[w]);
	}
	return 0;
}

static void tell(struct get *g, const struct samples *rate)
{
	struct result r = { .of = "2 MiB blocks from dram", .unit = "MB/s" };
	struct bench *b = g->bed.b;
	unsigned int w;

	if (!g->from.huge || !g->to.huge)
		report_skip(b, "huge pages", "the buffers are in small pages");
	for (w = 0; w < NR_WAYS; w++) {
		r.metric = ways[w].name;
		r.s = rate[w];
		if (r.s.nr)
			report(b, &r);
	}
	r.unit = "";
	r.metric = "GET : rep movsq";
	samples_ratio(&r.s, &rate[GET], &rate[MOVSQ]);
	report(b, &r);
	if (g->fd >= 0) {
		r.metric = "GET : pread of tmpfs";
		samples_ratio(&r.s, &rate[GET], &rate[PREAD]);
		report(b, &r);
	}
	r.metric = "GET : memcpy";
	samples_ratio(&r.s, &rate[GET], &rate[MEMCPY]);
	r.goal = AT_LEAST;
	r.target = 0.95;
	report(b, &r);
}

static int with_space(struct get *g)
{
	struct samples rate[NR_WAYS] = {};
	int err;

	err = put_blocks(g);
	g->fd = tmpfs_file(g);
	if (g->fd < 0)
		report_skip(g->bed.b, "pread of tmpfs",
			    "cannot make a file on a tmpfs with huge=always");
	if (!err)
		err = check(g) ?: measure(g, rate);
	if (!err)
		tell(g, rate);
	if (g->fd >= 0)
		close(g->fd);
	return err;
}

int run_get(struct bench *b)
{
	uint32_t nr = b->quick ? 16 : 32;
	struct get g = {};
	int err = -1;

	if (bed_make(&g.bed, b, BLOCK, nr))
		return -1;
	if (!buffer_make_from(&g.from, nr * BLOCK) &&
	    !buffer_make_to(&g.to, nr * BLOCK))
		err = with_space(&g);
	buffer_free(&g.to);
	buffer_free(&g.from);
	bed_free(&g.bed);
	return err;
}
