// SPDX-License-Identifier: GPL-2.0
/*
 * Writing out memory that is full of new blocks, as removing the tier does it,
 * against fio's sequential writes of 1 MiB to the same bytes of the same device.
 * Both overwrite what is there: a first write to a sparse image costs more.
 */
#include <string.h>

#include "bed.h"
#include "cpu.h"
#include "device.h"
#include "fio.h"
#include "report.h"

#define MEMORY MIB(256)
#define FIO_BLOCK MIB(1)
#define FIO_DEPTH 32
#define FIO_NS 500000000ULL

static const uint64_t sizes[] = { KIB(64), KIB(256), MIB(2) };

/**
 * struct side - what one side did, by turns
 * @rate: MB/s
 * @cpu: processor time a MiB
 */
struct side {
	struct samples rate;
	struct samples cpu;
};

/**
 * struct writes - a run of the row
 * @fio: its turns
 * @out: ours
 * @amplification: bytes the device was sent for a byte of blocks
 */
struct writes {
	struct side fio;
	struct side out;
	struct samples amplification;
};

static void note(struct side *s, const struct work *w)
{
	samples_add(&s->rate, w->bytes * 1e3 / w->ns);
	samples_add(&s->cpu, w->busy / 1e3 / (w->bytes / MIB(1)));
}

/* Nothing leaves memory on its own. */
static int keep_all(void)
{
	return bed_set("low_watermark", "0") || bed_set("high_watermark", "0");
}

/* The bed goes on without nvme. */
static int flush(struct bed *bed, struct writes *w)
{
	struct device_stat before, after;
	struct cpu_time from, to;
	struct work out = { .bytes = bed->nr * bed->block_size };

	if (device_stat(bed->device, &before))
		return -1;
	cpu_time_read(&from);
	if (bed_detach(bed))
		return -1;
	cpu_time_read(&to);
	if (device_stat(bed->device, &after))
		return -1;
	out.ns = to.now - from.now;
	out.busy = cpu_time_busy(&from, &to);
	note(&w->out, &out);
	samples_add(&w->amplification,
		    (double)(after.written - before.written) / out.bytes);
	return 0;
}

static int write_blocks(struct bench *b, uint64_t size, struct writes *w)
{
	uint32_t nr = MEMORY / size;
	struct bed bed;
	int err;

	if (bed_make_nvme(&bed, b, size, nr, nr))
		return -1;
	err = keep_all() || bed_store(&bed) || flush(&bed, w);
	bed_free(&bed);
	return err ? -1 : 0;
}

/* The device is formatted: so what it does goes where blocks go. */
static int write_fio(struct bench *b, struct writes *w)
{
	struct fio fio = {
		.device = b->device,
		.rw = "write",
		.block = FIO_BLOCK,
		.depth = FIO_DEPTH,
		.offset = device_first_segment(b->device),
		.size = MEMORY + MIB(64),
	};
	struct work work = {};
	int err;

	if (fio_start(&fio))
		return -1;
	err = fio_measure(&fio, FIO_NS, &work);
	fio_end(&fio);
	if (!err)
		note(&w->fio, &work);
	return err;
}

static void tell(struct bench *b, uint64_t size, struct writes *w)
{
	struct result r = { .of = bed_size(size) };
	bool icount = b->clock == CLOCK_ICOUNT;

	r.unit = "MB/s";
	r.metric = "fio, 1 MiB, depth 32";
	r.s = w->fio.rate;
	report(b, &r);
	r.metric = "write-out";
	r.s = w->out.rate;
	report(b, &r);
	r.unit = icount ? "kinstr/MiB" : "us/MiB";
	r.metric = "fio: CPU time";
	r.s = w->fio.cpu;
	report(b, &r);
	r.metric = "write-out: CPU time";
	r.s = w->out.cpu;
	report(b, &r);
	r.unit = "";
	r.metric = "write-out : fio";
	samples_ratio(&r.s, &w->out.rate, &w->fio.rate);
	r.goal = AT_LEAST;
	r.target = 0.95;
	report(b, &r);
	r.metric = "bytes written a byte of blocks";
	r.s = w->amplification;
	r.goal = AT_MOST;
	r.target = 1.05;
	report(b, &r);
}

static int with_size(struct bench *b, uint64_t size)
{
	struct writes w = {};
	unsigned int i;

	for (i = 0; i < b->reps; i++)
		if (write_blocks(b, size, &w) || write_fio(b, &w))
			return -1;
	tell(b, size, &w);
	return 0;
}

int run_write(struct bench *b)
{
	unsigned int i;
	int err = 0;

	if (!b->device) {
		report_skip(b, "nvme", "needs --nvme DEVICE");
		return 0;
	}
	if (device_format(b->device, NULL) ||
	    device_prime(b->device, MEMORY + MIB(64)))
		return -1;
	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++)
		err = with_size(b, sizes[i]);
	return err;
}
