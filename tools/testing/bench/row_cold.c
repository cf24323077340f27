// SPDX-License-Identifier: GPL-2.0
/*
 * The first touch of a slot whose 2 MiB block is on nvme only, against a read of
 * as many bytes from the same device, O_DIRECT, into memory that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bed.h"
#include "buffer.h"
#include "device.h"
#include "report.h"

#define BLOCK MIB(2)
#define FRAMES 48
#define BLOCKS 160
#define TURNS 16		/* touches, and reads, of a repetition */

enum { RAW, CHECKED, UNCHECKED, NR_SIDES };

/**
 * struct cold - a run of the row
 * @bed: the space
 * @slots: its slots
 * @len: length of @slots
 * @fd: the device
 * @to: where raw reads go
 * @first: byte of the device where the blocks begin
 * @next: block to be touched
 * @faults: that the touches took
 */
struct cold {
	struct bed bed;
	const volatile char *slots;
	size_t len;
	int fd;
	struct buffer to;
	uint64_t first;
	uint32_t next;
	uint64_t faults;
};

static int read_raw(struct cold *c)
{
	uint64_t pos = c->first + c->next * BLOCK;

	if (pread(c->fd, c->to.map, BLOCK, (off_t)pos) == (ssize_t)BLOCK)
		return 0;
	fprintf(stderr, "kvtier-bench: cannot read %s: %s\n", c->bed.device,
		strerror(errno));
	return -1;
}

static int touch(struct cold *c)
{
	(void)c->slots[c->bed.entries[c->next].slot * BLOCK];
	return 0;
}

/* A page of each of its 2 MiB: all must be there after the first. */
static void touch_all(struct cold *c)
{
	uint64_t off;

	for (off = 0; off < BLOCK; off += 4096)
		(void)c->slots[c->bed.entries[c->next].slot * BLOCK + off];
}

static int take_turn(struct cold *c, unsigned int side, struct samples *ns)
{
	uint64_t t;
	int err;

	if (side != RAW && bed_verify(side == CHECKED ? 1000 : 0))
		return -1;
	t = now_ns();
	err = side == RAW ? read_raw(c) : touch(c);
	samples_add(ns, (double)(now_ns() - t));
	if (side != RAW)
		touch_all(c);
	c->next = (c->next + 1) % c->bed.nr;
	return err;
}

/* The median turn of each side counts. */
static int measure_once(struct cold *c, struct samples *latency)
{
	struct samples ns[NR_SIDES] = {};
	uint64_t loads = bed_counter("stats/loads");
	unsigned int i;

	for (i = 0; i < TURNS * NR_SIDES; i++)
		if (take_turn(c, i % NR_SIDES, &ns[i % NR_SIDES]))
			return -1;
	for (i = 0; i < NR_SIDES; i++)
		samples_add(&latency[i], samples_median(&ns[i]) / 1e3);
	loads = bed_counter("stats/loads") - loads;
	if (loads == TURNS * (NR_SIDES - 1))
		return 0;
	fprintf(stderr, "kvtier-bench: %u blocks were touched, %llu were read\n",
		TURNS * (NR_SIDES - 1), (unsigned long long)loads);
	return -1;
}

static void tell(struct cold *c, const struct samples *latency)
{
	static const char *const names[] = {
		"raw read", "first touch", "first touch, verify=0",
	};
	struct bench *b = c->bed.b;
	struct result r = { .of = "2 MiB on nvme" };
	char metric[64];
	unsigned int i;

	r.metric = metric;
	r.unit = b->clock == CLOCK_ICOUNT ? "kinstr" : "us";
	for (i = 0; i < NR_SIDES; i++) {
		snprintf(metric, sizeof(metric), "%s", names[i]);
		r.s = latency[i];
		report(b, &r);
	}
	r.unit = "";
	for (i = CHECKED; i < NR_SIDES; i++) {
		snprintf(metric, sizeof(metric), "%s : raw read", names[i]);
		samples_ratio(&r.s, &latency[i], &latency[RAW]);
		r.goal = AT_MOST;
		r.target = 1.1;
		report(b, &r);
	}
	r.metric = "faults to read a whole block";
	r.unit = "faults";
	r.s = samples_one((double)c->faults /
			  (TURNS * (NR_SIDES - 1) * b->reps));
	r.target = 1;
	report(b, &r);
}

static int measure(struct cold *c)
{
	struct samples latency[NR_SIDES] = {};
	uint64_t faults = bed_counter("stats/slot_faults");
	unsigned int i;

	for (i = 0; i < c->bed.b->reps; i++)
		if (measure_once(c, latency))
			return -1;
	c->faults = bed_counter("stats/slot_faults") - faults;
	tell(c, latency);
	return 0;
}

static int open_all(struct cold *c)
{
	struct kvt_space_info info;
	int err = kvt_info(c->bed.space, &info);
	void *p = MAP_FAILED;

	c->fd = open(c->bed.device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	c->first = device_first_segment(c->bed.device);
	if (!err) {
		c->len = info.slots_len;
		p = mmap(NULL, c->len, PROT_READ, MAP_SHARED,
			 kvt_fd(c->bed.space), (off_t)info.slots_offset);
	}
	if (c->fd < 0 || p == MAP_FAILED) {
		fprintf(stderr, "kvtier-bench: cannot open %s, or map the slots of " BED_NAME ": %s\n",
			c->bed.device, strerror(errno));
		return -1;
	}
	c->slots = p;
	return buffer_make_from(&c->to, BLOCK);
}

static void close_all(struct cold *c)
{
	buffer_free(&c->to);
	if (c->slots)
		munmap((void *)c->slots, c->len);
	if (c->fd >= 0)
		close(c->fd);
}

int run_cold(struct bench *b)
{
	struct cold c = { .fd = -1 };
	int err;

	if (!b->device) {
		report_skip(b, "nvme", "needs --nvme DEVICE");
		return 0;
	}
	if (bed_make_nvme(&c.bed, b, BLOCK, BLOCKS, FRAMES))
		return -1;
	err = bed_store(&c.bed) || bed_cycle(&c.bed) || bed_cycle(&c.bed) ||
	      open_all(&c) || measure(&c);
	close_all(&c);
	bed_free(&c.bed);
	return err ? -1 : 0;
}
