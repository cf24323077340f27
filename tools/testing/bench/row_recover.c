// SPDX-License-Identifier: GPL-2.0
/*
 * A device full of blocks is attached, and they are found: the state page of each
 * segment is read, then each footer, the newest first. Beside it bare reads of
 * the same extents, in the same order, as many at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bare.h"
#include "bed.h"
#include "device.h"
#include "kernel.h"
#include "log_image.h"
#include "report.h"

#define SEGMENTS 8000		/* fewer than that, and half as many if it is large */
#define SMALLEST MIB(1)		/* segment */
#define BLOCKS 32		/* a segment has room for them, aside from the log's own */
#define FRAMES 64
#define STATE_DEPTH 64		/* as many as the module has under way */
#define FOOTER_DEPTH 16
#define PATIENCE 600		/* s */

enum { STATES, FOOTERS, BOTH, NR_PHASES };

/**
 * struct recover - a run of the row
 * @bed: tiers and space
 * @image: what is on the device
 * @fd: the device
 * @bare: ns, by phase
 * @found: the same of kvtier
 * @bytes: that the device read a footer, of those that footers have
 */
struct recover {
	struct bed bed;
	struct log_image image;
	int fd;
	struct samples bare[NR_PHASES];
	struct samples found[NR_PHASES];
	struct samples bytes;
};

static uint64_t state_at(const void *arg, uint32_t i)
{
	return log_image_state(arg, i);
}

static uint64_t footer_at(const void *arg, uint32_t i)
{
	return log_image_footer(arg, log_image_segments(arg) - 1 - i);
}

static void note(struct samples *to, uint64_t states, uint64_t footers)
{
	samples_add(&to[STATES], (double)states);
	samples_add(&to[FOOTERS], (double)footers);
	samples_add(&to[BOTH], (double)(states + footers));
}

static int read_bare(struct recover *r)
{
	struct bare states = {
		.fd = r->fd,
		.depth = STATE_DEPTH,
		.nr = log_image_segments(&r->image),
		.bytes = KVT_LOG_PAGE,
		.at = state_at,
		.arg = &r->image,
	};
	struct bare footers = states;
	uint64_t ns[2];

	footers.depth = FOOTER_DEPTH;
	footers.bytes = r->image.footer_bytes;
	footers.at = footer_at;
	if (bare_read(&states, &ns[0]) || bare_read(&footers, &ns[1]))
		return -1;
	note(r->bare, ns[0], ns[1]);
	return 0;
}

static int wait_found(uint64_t until)
{
	while (bed_nvme_counter("recovering")) {
		if (now_ns() > until) {
			fprintf(stderr, "kvtier-bench: recovery does not end\n");
			return -1;
		}
		usleep(1000);
	}
	return 0;
}

static int check_found(struct recover *r, uint64_t bytes)
{
	uint64_t nr = log_image_segments(&r->image);
	uint64_t blocks = bed_counter("blocks");

	samples_add(&r->bytes, (double)bytes /
		    (double)(nr * r->image.footer_bytes));
	if (blocks == nr * r->image.blocks)
		return 0;
	fprintf(stderr, "kvtier-bench: %llu blocks were found of %llu\n",
		(unsigned long long)blocks,
		(unsigned long long)(nr * r->image.blocks));
	return -1;
}

/* A tier of the device, a space on it: its blocks come up. */
static int find(struct recover *r)
{
	struct device_stat before, after;
	uint64_t start = now_ns(), states;
	int err;

	if (bed_attach(&r->bed))
		return -1;
	states = now_ns() - start;
	if (device_stat(r->bed.device, &before))
		return -1;
	start = now_ns();
	if (bed_make_space(&r->bed) ||
	    wait_found(start + PATIENCE * 1000000000ULL))
		return -1;
	note(r->found, states, now_ns() - start);
	err = device_stat(r->bed.device, &after);
	return err ? err : check_found(r, after.read - before.read);
}

/* The device stays as it is: it is detached before the space is deleted. */
static int forget(struct recover *r)
{
	int err;

	kvt_close(r->bed.space);
	r->bed.space = NULL;
	if (bed_detach(&r->bed))
		return -1;
	err = kvt_ctl_space_delete(r->bed.b->ctl, BED_NAME);
	if (err) {
		fprintf(stderr, "kvtier-bench: cannot delete " BED_NAME ": %s\n",
			kvt_strerror(KVT_CALL_SPACE_DELETE, err));
		return -1;
	}
	r->bed.made = false;
	return 0;
}

/*
 * QEMU without KVM makes processors some 30 times slower, and devices hardly: the
 * ratio of what computes to what reads is another machine's.
 */
static bool is_emulated(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[4096];
	bool is = false;

	while (f && !is && fgets(line, sizeof(line), f))
		is = strstr(line, "QEMU TCG");
	if (f)
		fclose(f);
	return is;
}

static void tell(struct recover *r)
{
	static const char *const names[] = {
		"state pages", "footers", "state pages and footers",
	};
	struct bench *b = r->bed.b;
	char of[64], metric[64];
	struct result res = { .of = of, .metric = metric };
	unsigned int i;

	snprintf(of, sizeof(of), "%u segments, %u blocks",
		 log_image_segments(&r->image),
		 log_image_segments(&r->image) * r->image.blocks);
	res.unit = b->clock == CLOCK_ICOUNT ? "instructions" : "ns";
	for (i = 0; i < NR_PHASES; i++) {
		snprintf(metric, sizeof(metric), "bare reads of %s", names[i]);
		res.s = r->bare[i];
		report(b, &res);
		snprintf(metric, sizeof(metric), "recovery from %s", names[i]);
		res.s = r->found[i];
		report(b, &res);
	}
	res.unit = "";
	snprintf(metric, sizeof(metric), "footer bytes read : there are");
	res.s = r->bytes;
	res.goal = AT_MOST;
	res.target = 1;
	report(b, &res);
	if (b->clock == CLOCK_ICOUNT)
		return;
	snprintf(metric, sizeof(metric), "recovery : bare reads");
	samples_ratio(&res.s, &r->found[BOTH], &r->bare[BOTH]);
	res.goal = is_emulated() ? NO_GOAL : AT_MOST;
	res.target = 1.2;
	report(b, &res);
}

static int measure(struct recover *r)
{
	unsigned int i;

	for (i = 0; i < r->bed.b->reps; i++)
		if (read_bare(r) || find(r) || forget(r))
			return -1;
	tell(r);
	return 0;
}

/* The least that gives few enough segments; 0: has said why. */
static uint64_t segment_size(const struct recover *r)
{
	uint64_t bytes, segment = SMALLEST;

	if (ioctl(r->fd, BLKGETSIZE64, &bytes)) {
		fprintf(stderr, "kvtier-bench: cannot tell the device's size: %s\n",
			strerror(errno));
		return 0;
	}
	while (bytes / segment >= SEGMENTS)
		segment *= 2;
	return segment;
}

static int prepare(struct recover *r, struct bench *b)
{
	uint64_t segment;
	char size[32];

	r->fd = open(b->device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (r->fd < 0) {
		fprintf(stderr, "kvtier-bench: cannot open %s: %s\n",
			b->device, strerror(errno));
		return -1;
	}
	segment = segment_size(r);
	if (!segment ||
	    bed_make_tier(&r->bed, b, segment / BLOCKS, FRAMES))
		return -1;
	r->bed.device = b->device;
	snprintf(size, sizeof(size), "%llu",
		 (unsigned long long)segment);
	if (!device_format(b->device, size) &&
	    !log_image_write(&r->image, b->device, BED_NAME,
			     r->bed.block_size))
		return 0;
	bed_free(&r->bed);
	return -1;
}

int run_recover(struct bench *b)
{
	struct recover r = { .fd = -1 };
	int err;

	if (!b->device) {
		report_skip(b, "nvme", "needs --nvme DEVICE");
		return 0;
	}
	err = prepare(&r, b);
	if (!err) {
		err = measure(&r);
		bed_free(&r.bed);
	}
	if (r.fd >= 0)
		close(r.fd);
	return err;
}
