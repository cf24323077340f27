// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory a block, by three witnesses: what the space says itself, what
 * the slab and vmalloc counters say, and what became of the free pages.
 */
#include <unistd.h>

#include "bed.h"
#include "kernel.h"
#include "report.h"

#define BLOCK KIB(4)
#define MOST 192	/* bytes a block */

/**
 * struct memory - what the kernel has in use, bytes
 * @descriptors: slab of block descriptors; KERNEL_NONE if it cannot be told
 * @radix: slab of radix tree nodes: the slots are some
 * @slab: all slabs, and large kmalloc()s
 * @vmalloc: by vmalloc()
 * @free: not in use
 */
struct memory {
	uint64_t descriptors;
	uint64_t radix;
	uint64_t slab;
	uint64_t vmalloc;
	uint64_t free;
};

static void look(struct memory *m)
{
	const char *vmstat = "/proc/vmstat", *meminfo = "/proc/meminfo";
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	kernel_settle();
	m->descriptors = kernel_slab_bytes("kvt_block");
	m->radix = kernel_slab_bytes("radix_tree_node");
	m->slab = page * (kernel_sum(vmstat, "nr_slab_reclaimable", "") +
			  kernel_sum(vmstat, "nr_slab_unreclaimable", ""));
	m->vmalloc = 1024 * kernel_sum(meminfo, "VmallocUsed:", "");
	m->free = page * kernel_free_pages();
}

static void per_block(struct bed *bed, const char *metric, double bytes,
		      enum goal goal)
{
	struct result r = {
		.metric = metric,
		.unit = "bytes a block",
		.s = samples_one(bytes / bed->nr),
		.goal = goal,
		.target = MOST,
	};
	char of[64];

	snprintf(of, sizeof(of), "%u blocks of %s", bed->nr,
		 bed_size(bed->block_size));
	r.of = of;
	report(bed->b, &r);
}

static double grown(uint64_t from, uint64_t to)
{
	return (double)to - (double)from;
}

/* What can be told by name, if the kernel keeps slabs apart. */
static void tell_slabs(struct bed *bed, const struct memory *before,
		       const struct memory *now)
{
	double descriptors = grown(before->descriptors, now->descriptors);
	double radix = grown(before->radix, now->radix);
	double slab = grown(before->slab, now->slab);

	per_block(bed, "all slabs, large kmalloc", slab, NO_GOAL);
	if (now->descriptors == KERNEL_NONE || now->radix == KERNEL_NONE) {
		report_skip(bed->b, "slab of descriptors",
			    "it shares a slab: boot with slab_nomerge");
		return;
	}
	per_block(bed, "of them: descriptors", descriptors, NO_GOAL);
	per_block(bed, "of them: slots (radix tree nodes)", radix, NO_GOAL);
	per_block(bed, "of them: index, and others",
		  slab - descriptors - radix, NO_GOAL);
}

/* @before there was the space; @empty; and @now that all blocks are present. */
static void tell(struct bed *bed, const struct memory *before,
		 const struct memory *empty, const struct memory *now)
{
	double used = grown(now->free, before->free);
	double says = (double)bed_counter("metadata_bytes");
	struct result honest = {
		.of = "metadata_bytes",
		.metric = "metadata_bytes : what is used",
		.unit = "",
		.s = samples_one(says / used),
		.goal = AT_LEAST,
		.target = 0.95,
	};

	tell_slabs(bed, before, now);
	per_block(bed, "vmalloc", grown(before->vmalloc, now->vmalloc),
		  NO_GOAL);
	per_block(bed, "free memory used by the empty space",
		  grown(empty->free, before->free), NO_GOAL);
	per_block(bed, "free memory used in all", used, AT_MOST);
	per_block(bed, "metadata_bytes of the space", says, AT_MOST);
	report(bed->b, &honest);
}

static int measure(struct bench *b, uint32_t nr)
{
	struct memory before, empty, now;
	struct bed bed;
	int err;

	if (bed_make_tier(&bed, b, BLOCK, nr))
		return -1;
	look(&before);
	err = bed_make_space(&bed);
	look(&empty);
	if (!err)
		err = bed_fill(&bed);
	look(&now);
	if (!err)
		tell(&bed, &before, &empty, &now);
	bed_free(&bed);
	return err;
}

/* Tables grow by doubling: just after that they are at their largest. */
int run_memory(struct bench *b)
{
	if (b->quick)
		return measure(b, 50000);
	return measure(b, 100000) ?: measure(b, b->memory / BLOCK);
}
