// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery of damaged and of hostile media: a good image is changed as the input
 * says, checksums are made right again where it says so, and all segments are
 * walked. Nothing may be read outside of the devices, every entry that comes out
 * has to be good, and the work is bounded. For libFuzzer, or, built without it,
 * with random inputs: ROUNDS [SEED].
 */
#include "model.h"
#include "must.h"
#include "source.h"

#define PAGE		KVT_LOG_PAGE
#define MOST_EDITS	64

/* What there is to be changed. */
struct record {
	u64 pos;
	u32 bytes;
	u64 state;	/* of a footer: where the state page is */
	bool is_super;
};

/* One change, as it is in the input. */
struct edit {
	u16 record;
	u16 offset;
	u8 how;		/* enum */
	u8 value[4];
} __attribute__((packed));

enum { EDIT_XOR = 1, EDIT_SEAL = 2, EDIT_SHORT = 4, EDIT_COPY = 8 };

static struct image image;
static struct record *records;
static u32 nr_records;
static u64 nr_reads;

/* ----------------------------------------------------------------------- base */

static void add_record(u64 pos, u32 bytes, u64 state, bool is_super)
{
	if (nr_records % 64 == 0)
		records = realloc(records, (nr_records + 64) * sizeof(*records));
	must(records, "no memory");
	records[nr_records++] = (struct record){ pos, bytes, state, is_super };
}

static void add_summaries(const struct log_source *s, const struct kvt_log_found *f, u64 start)
{
	struct kvt_log_place any = f->place;
	u32 pos;

	for (pos = PAGE; pos < f->layout.data_end; pos += PAGE)
		if (!kvt_log_check(image.media[0] + start + pos, f->layout.summary_bytes, &any))
			add_record(start + pos, f->layout.summary_bytes, 0, false);
	(void)s;
}

static int add_segment(void *arg, const struct log_segment *seg, const void *table,
		       const u8 *fates)
{
	const struct log_source *s = arg;
	const struct kvt_log_found *f = &seg->found;
	u64 start = s->first_segment[0] + f->place.segment * s->segment_bytes;
	u64 state = start + s->segment_bytes - PAGE;

	(void)table;
	(void)fates;
	add_record(start, PAGE, 0, false);
	add_record(state, PAGE, 0, false);
	if (f->footer_bytes)
		add_record(start + f->footer, f->footer_bytes, state, false);
	add_summaries(s, f, start);
	return 0;
}

static void apply_all(struct image *m, const struct trace *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		image_write(m, 0, t->writes[i].pos, t->writes[i].data, t->writes[i].bytes);
}

static void make_base(void)
{
	struct model_plan plan = {
		.segment_bytes = 1 << 20,
		.nr_devices = 1,
		.nr_segments = 5,
		.nr_spaces = 2,
		.block_size = { 4096, 12288 },
	};
	struct rng rng = { .state = 11 };
	struct log_source source;
	struct trace t = {};
	struct log_walk w;

	model_format(&plan, &image, &rng);
	model_run(&plan, &image, &t, 600, &rng);
	apply_all(&image, &t);
	trace_free(&t);
	must(!source_open(&source, &image) && !log_walk_pages(&w, &source) &&
	     !log_walk_entries(&w, add_segment, &source), "no base to fuzz");
	log_walk_free(&w);
	add_record(0, PAGE, 0, true);
	add_record(KVT_LOG_SUPER_STEP, PAGE, 0, true);
	must(nr_records > 10, "the base has few records");
}

/* ---------------------------------------------------------------------- edits */

/* If it is not longer than what was read of it. */
static void seal_head(struct kvt_log_head *h, u32 room)
{
	if (le32_to_cpu(h->bytes) >= sizeof(*h) && le32_to_cpu(h->bytes) <= room)
		kvt_log_seal(h);
}

static void seal(const struct record *r)
{
	u8 *p = image.media[0] + r->pos;
	struct kvt_log_head *state = (void *)(image.media[0] + r->state);

	if (r->is_super) {
		kvt_log_seal_super((void *)p);
	} else if (r->state) {
		state->footer_crc = cpu_to_le32(crc32c(~0U, p, r->bytes));
		seal_head(state, PAGE);
	} else {
		seal_head((void *)p, r->bytes);
	}
}

/* All of what may change is first written as it is, so that it can be taken back. */
static void touch(const struct record *r)
{
	u64 whole = r->state ? r->state : r->pos;

	image_write(&image, 0, r->pos, image.media[0] + r->pos, r->bytes);
	image_write(&image, 0, whole, image.media[0] + whole, PAGE);
}

static void apply_edit(const struct edit *e)
{
	const struct record *r = &records[e->record % nr_records];
	const struct record *other = &records[e->value[0] % nr_records];
	u32 room = e->how & EDIT_SHORT ? sizeof(struct kvt_log_head) : r->bytes, i;
	u8 *p = image.media[0] + r->pos;

	touch(r);
	if (e->how & EDIT_COPY)
		memmove(p, image.media[0] + other->pos, min(r->bytes, other->bytes));
	for (i = 0; i < sizeof(e->value); i++) {
		u8 *at = p + (e->offset * 4 + i) % min(room, r->bytes);

		*at = e->how & EDIT_XOR ? *at ^ e->value[i] : e->value[i];
	}
	if (e->how & EDIT_SEAL)
		seal(r);
}

/* ----------------------------------------------------------------------- walk */

static int read_checked(void *arg, u32 device, u64 pos, u32 bytes, void *to)
{
	(void)arg;
	if (device || !bytes || pos % PAGE || bytes > image.bytes[0] ||
	    pos > image.bytes[0] - bytes)
		abort();
	nr_reads++;
	memcpy(to, image.media[0] + pos, bytes);
	return 0;
}

static int check_segment(void *arg, const struct log_segment *s, const void *table,
			 const u8 *fates)
{
	const struct kvt_log_layout *l = &s->found.layout;
	u32 i;

	(void)arg;
	if (s->nr > l->capacity)
		abort();
	for (i = 0; i < s->nr; i++)
		if (fates[i] > LOG_TOMB ||
		    kvt_log_check_entry(kvt_log_entry(l, table, i), l,
					s->found.place.generation))
			abort();
	return 0;
}

static void walk(void)
{
	struct log_source s;
	struct log_walk w;
	u64 most;

	if (source_open(&s, &image))
		return;
	s.read = read_checked;
	nr_reads = 0;
	if (log_walk_pages(&w, &s) || log_walk_entries(&w, check_segment, NULL))
		abort();
	most = w.nr * (3 + s.segment_bytes / PAGE);
	if (nr_reads > most)
		abort();
	log_walk_free(&w);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct edit e;
	u32 i;

	if (!nr_records)
		make_base();
	image_begin(&image);
	for (i = 0; i < MOST_EDITS && size >= sizeof(e); i++) {
		memcpy(&e, data, sizeof(e));
		apply_edit(&e);
		data += sizeof(e);
		size -= sizeof(e);
	}
	walk();
	image_back(&image);
	return 0;
}

#ifndef CRASH_LIBFUZZER

static size_t draw_input(struct rng *rng, u8 *data)
{
	u32 nr = rng_between(rng, 1, rng_one_in(rng, 4) ? MOST_EDITS : 3), i, k;

	for (i = 0; i < nr; i++) {
		struct edit e = {
			.record = rng_next(rng),
			.offset = rng_next(rng),
			.how = rng_next(rng) & ~(rng_one_in(rng, 8) ? 0 : EDIT_COPY),
		};

		for (k = 0; k < sizeof(e.value); k++)
			e.value[k] = rng_one_in(rng, 2) ? rng_below(rng, 8) : rng_next(rng);
		memcpy(data + i * sizeof(e), &e, sizeof(e));
	}
	return nr * sizeof(struct edit);
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? atoi(argv[1]) : 1000, i;
	struct rng rng = { .state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1 };
	u8 data[MOST_EDITS * sizeof(struct edit)];

	for (i = 0; i < rounds; i++)
		LLVMFuzzerTestOneInput(data, draw_input(&rng, data));
	printf("ok 1 - %u images with hostile records were walked\n1..1\n", rounds);
	free(records);
	image_free(&image);
	return 0;
}

#endif /* !CRASH_LIBFUZZER */
