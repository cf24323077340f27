// SPDX-License-Identifier: GPL-2.0
/*
 * A second process attaches to a warm space and reads its blocks. What the
 * kernel did for it is told by /proc/vmstat: page tables aside, no page is to be
 * allocated, zeroed or copied.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "kernel.h"
#include "report.h"

#define BLOCK MIB(2)

/*
 * Pages that anything may take meanwhile: what reading /proc takes, timers,
 * other processes. One huge page more than the page tables is over it.
 */
#define NOISE 256

/* Counters of /proc/vmstat, by how their names begin and end. */
static const struct counter {
	const char *prefix;
	const char *suffix;
} counters[] = {
	{ "pgalloc_", "" },
	{ "nr_page_table_pages", "" },
	{ "pgfault", "" },
	{ "thp_", "_alloc" },
};

enum { PGALLOC, PAGE_TABLES, PGFAULT, THP_ALLOC, NR_COUNTERS };

/**
 * struct kernel_state - at one moment
 * @count: of counters[]
 * @free: pages
 */
struct kernel_state {
	uint64_t count[NR_COUNTERS];
	uint64_t free;
};

/* What the other process does, one after the other. */
static const struct step {
	const char *timed;
	const char *of;
} steps[] = {
	{ "open, info, map windows, slots", "attach and ACQUIRE" },
	{ "read a byte a block by slots", "reading by slots" },
	{ "read a byte a block by window", "reading by window" },
};

enum { ATTACH, SLOTS, WINDOW, NR_STEPS };

/**
 * struct attached - what the other process tells the one that started it
 * @state: before the first step, and after each
 * @ns: time of each; of the first, without ACQUIRE
 * @err: why it could not
 */
struct attached {
	struct kernel_state state[NR_STEPS + 1];
	uint64_t ns[NR_STEPS];
	int err;
};

static void look(struct kernel_state *k)
{
	unsigned int i;

	kernel_settle();
	for (i = 0; i < NR_COUNTERS; i++)
		k->count[i] = kernel_sum("/proc/vmstat", counters[i].prefix,
					 counters[i].suffix);
	k->free = kernel_free_pages();
}

static int attach(struct kvt_space **space, const char **slots)
{
	const void *addr = NULL;
	size_t len;
	int err;

	err = kvt_open(BED_NAME, KVT_OPEN_RDONLY, NULL, space);
	if (err)
		return err;
	err = kvt_map_windows(*space);
	if (!err)
		err = kvt_map_slots(*space, &addr, &len);
	*slots = addr;
	return err;
}

/* Look the blocks up, as an engine does that has just started. */
static int find_blocks(struct bed *bed, struct kvt_space *space)
{
	struct kvt_batch batch = {
		.op = KVT_OP_ACQUIRE,
		.nr = bed->nr,
		.entries = (uintptr_t)bed->entries,
	};
	int err = kvt_submit(space, &batch);

	if (!err && batch.ok < bed->nr)
		err = bed->entries[batch.ok].result;
	return err;
}

static uint64_t read_slots(struct bed *bed, const volatile char *slots)
{
	uint64_t t = now_ns();
	uint32_t i;

	for (i = 0; i < bed->nr; i++)
		(void)slots[bed->entries[i].slot * BLOCK];
	return now_ns() - t;
}

static uint64_t read_window(struct bed *bed, struct kvt_space *space)
{
	uint64_t t = now_ns();
	uint32_t i;

	for (i = 0; i < bed->nr; i++)
		(void)*(const volatile char *)
			kvt_ptr(space, bed->entries[i].offset);
	return now_ns() - t;
}

/* In the other process. */
static void second_process(struct bed *bed, struct attached *a)
{
	struct kvt_space *space;
	const char *slots = NULL;
	uint64_t t;
	uint32_t i;

	/* Write to what fork() shares, here and in look(): it is copied now. */
	for (i = 0; i < bed->nr; i++)
		bed->entries[i].slot = 0;
	look(&a->state[0]);
	look(&a->state[0]);
	t = now_ns();
	a->err = attach(&space, &slots);
	a->ns[ATTACH] = now_ns() - t;
	if (!a->err)
		a->err = find_blocks(bed, space);
	if (a->err)
		return;
	look(&a->state[1]);
	a->ns[SLOTS] = read_slots(bed, slots);
	look(&a->state[2]);
	a->ns[WINDOW] = read_window(bed, space);
	look(&a->state[3]);
	kvt_close(space);
}

static int attach_once(struct bed *bed, struct attached *a)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		second_process(bed, a);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr, "kvtier-bench: the second process died\n");
		return -1;
	}
	if (a->err)
		fprintf(stderr, "kvtier-bench: the second process cannot attach to " BED_NAME ": %s\n",
			kvt_strerror(KVT_CALL_OPEN, a->err));
	return a->err;
}

static double grown(const struct kernel_state *from,
		    const struct kernel_state *to, unsigned int i)
{
	return (double)to->count[i] - (double)from->count[i];
}

static void one(struct bed *bed, const char *of, const char *metric,
		const char *unit, double v)
{
	struct result r = {
		.of = of,
		.metric = metric,
		.unit = unit,
		.s = samples_one(v),
	};

	report(bed->b, &r);
}

/* What the kernel did between two moments. */
static void tell_pages(struct bed *bed, const char *of,
		       const struct kernel_state *from,
		       const struct kernel_state *to)
{
	double tables = grown(from, to, PAGE_TABLES);
	double taken = (double)from->free - (double)to->free;
	struct result r = {
		.of = of,
		.metric = "free pages taken, less page tables",
		.unit = "pages",
		.s = samples_one(taken - tables),
		.goal = AT_MOST,
		.target = NOISE,
	};

	one(bed, of, "page table pages", "pages", tables);
	one(bed, of, "page faults", "faults", grown(from, to, PGFAULT));
	one(bed, of, "pages allocated, even briefly", "pages",
	    grown(from, to, PGALLOC));
	one(bed, of, "huge pages allocated", "pages",
	    grown(from, to, THP_ALLOC));
	report(bed->b, &r);
}

static void tell(struct bed *bed, const struct attached *a, unsigned int nr)
{
	const struct attached *last = &a[nr - 1];
	unsigned int i, step;

	for (step = 0; step < NR_STEPS; step++) {
		struct result r = {
			.of = "second process",
			.metric = steps[step].timed,
			.unit = report_unit(bed->b),
		};

		for (i = 0; i < nr; i++)
			samples_add(&r.s, (double)a[i].ns[step]);
		report(bed->b, &r);
	}
	for (step = 0; step < NR_STEPS; step++)
		tell_pages(bed, steps[step].of, &last->state[step],
			   &last->state[step + 1]);
}

static int measure(struct bed *bed)
{
	size_t len = SAMPLES_MAX * sizeof(struct attached);
	struct attached *a = mmap(NULL, len, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE,
				  -1, 0);
	unsigned int i;
	int err = 0;

	if (a == MAP_FAILED) {
		fprintf(stderr, "kvtier-bench: cannot map memory to share: %s\n",
			strerror(errno));
		return -1;
	}
	for (i = 0; i < bed->b->reps && !err; i++)
		err = attach_once(bed, &a[i]);
	if (!err)
		tell(bed, a, bed->b->reps);
	munmap(a, len);
	return err ? -1 : 0;
}

int run_attach(struct bench *b)
{
	uint64_t bytes = b->quick ? MIB(128) : MIB(4096);
	struct bed bed;
	int err;

	if (bytes > b->memory)
		bytes = b->memory;
	if (bed_make(&bed, b, BLOCK, bytes / BLOCK))
		return -1;
	one(&bed, "warm space", "size", "MiB", (double)(bytes >> 20));
	err = bed_fill(&bed);
	if (!err)
		err = measure(&bed);
	bed_free(&bed);
	return err;
}
