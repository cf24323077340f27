// SPDX-License-Identifier: GPL-2.0
/*
 * A segment, as recovery reads it: state page, header, footer, summaries. The device
 * gives what it likes: each read is served from the next bytes of the input, so that a
 * small one makes a whole segment.
 */
#include "../../../kmod/log_scan.h"
#include "fuzz.h"

#define PAGE		KVT_LOG_PAGE
#define SUMMARY_INPUT	448U	/* bytes of the input for each; then zeros */
#define FOOTER_INPUT	256U
#define HEAD_INPUT	sizeof(struct kvt_log_head)

enum {
	SEAL_STATE = 1, SEAL_HEADER = 2, SEAL_FOOTER = 4, SEAL_SUMMARY = 8,
	READ_FAILS = 16, ENTRY_STOPS = 32,
};

/*
 * struct segment - one run
 * @in: what is left for summaries
 * @how: the bits above
 * @bytes: of the segment
 * @nr_reads: of summaries
 * @end: byte behind the last block that a summary has named
 */
struct segment {
	struct input in;
	uint8_t how;
	u64 bytes;
	u8 state[PAGE] __attribute__((aligned(8)));
	u8 header[PAGE] __attribute__((aligned(8)));
	struct input footer;
	struct kvt_log_found found;
	struct kvt_log_scan scan;
	u64 buffer[KVT_LOG_SUMMARY_MAX / sizeof(u64)];
	u32 nr_reads;
	u64 end;
};

static const struct kvt_log_place place = { .set = { 0x5e }, .device = 1, .segment = 7 };

/* If it is not longer than what was read of it. */
static void seal(void *record, u32 room)
{
	struct kvt_log_head *h = record;

	if (le32_to_cpu(h->bytes) >= sizeof(*h) && le32_to_cpu(h->bytes) <= room)
		kvt_log_seal(h);
}

static void read_summary(struct segment *s, u32 bytes, void *to)
{
	struct input some = s->in;

	if (some.size > SUMMARY_INPUT)
		some.size = SUMMARY_INPUT;
	take(&some, to, bytes);
	take(&s->in, to, min(bytes, SUMMARY_INPUT));
	if (s->how & SEAL_SUMMARY)
		seal(to, bytes);
}

static int read_segment(void *arg, u32 pos, u32 bytes, void *to)
{
	struct segment *s = arg;

	must(bytes && bytes % PAGE == 0 && bytes <= KVT_LOG_SUMMARY_MAX);
	must(pos % PAGE == 0 && pos <= s->bytes - bytes);
	if (pos == s->bytes - PAGE) {
		memcpy(to, s->state, PAGE);
	} else if (!pos) {
		memcpy(to, s->header, PAGE);
	} else {
		if (s->how & READ_FAILS && s->nr_reads == 1)
			return -EIO;
		s->nr_reads++;
		read_summary(s, bytes, to);
	}
	return 0;
}

/* Each block lies in the segment. */
static void check_entry(const struct segment *s, const struct kvt_log_entry *e)
{
	const struct kvt_log_layout *l = &s->found.layout;
	u64 at = (u64)le32_to_cpu(e->offset) * PAGE;

	must(!kvt_log_check_entry(e, l, s->found.place.generation));
	if (le32_to_cpu(e->type) == KVT_LOG_BLOCK)
		must(at >= PAGE && at + l->block_size <= l->data_end);
}

/* Those of summaries lie one behind the other. */
static int meet_entry(void *arg, u32 index, const struct kvt_log_entry *e)
{
	struct segment *s = arg;
	u64 at = (u64)le32_to_cpu(e->offset) * PAGE;

	check_entry(s, e);
	must(index == s->scan.nr - 1 && index < s->found.layout.capacity);
	must(le32_to_cpu(e->type) != KVT_LOG_NONE);
	if (le32_to_cpu(e->type) == KVT_LOG_BLOCK) {
		must(at >= s->end);
		s->end = at + s->found.layout.block_size;
	}
	return s->how & ENTRY_STOPS && index == 3 ? 1 : 0;
}

static bool scan_footer(struct segment *s)
{
	const struct kvt_log_found *f = &s->found;
	struct input in = s->footer;
	void *footer;
	bool good;
	u32 i;

	must(f->footer >= f->layout.data_end);
	must((u64)f->footer + f->footer_bytes + PAGE == s->bytes);
	footer = take_alone(&in, f->footer_bytes);
	good = !kvt_log_scan_footer(f, footer);
	for (i = 0; good && i < f->nr; i++)
		check_entry(s, kvt_log_entry(&f->layout, footer, i));
	free(footer);
	return good;
}

static void scan_open(struct segment *s)
{
	int ret = kvt_log_scan_open(&s->found, &s->scan);

	must(!ret || s->how & ENTRY_STOPS);
	must(s->scan.end <= s->found.layout.data_end);
	must(s->scan.nr <= s->found.layout.capacity);
}

static void scan(struct segment *s)
{
	s->scan.read = read_segment;
	s->scan.entry = meet_entry;
	s->scan.arg = s;
	s->scan.buffer = s->buffer;
	if (kvt_log_scan_pages(&s->found, &s->scan, &place, s->bytes))
		must(s->found.kind == KVT_LOG_FREE);
	if (s->found.kind == KVT_LOG_FREE)
		return;
	must(s->found.layout.segment_bytes == s->bytes);
	if (s->found.kind == KVT_LOG_CLOSED)
		scan_footer(s);
	/* What a tool may do at any time; recovery if the footer is no good. */
	scan_open(s);
}

static void seal_footer(struct segment *s)
{
	struct kvt_log_head *h = (void *)s->state;
	struct input in = s->footer;
	struct kvt_log_layout l;
	void *footer;
	u32 bytes;

	if (kvt_log_layout(&l, s->bytes, le32_to_cpu(h->block_size)) ||
	    le32_to_cpu(h->nr) > l.capacity)
		return;
	bytes = kvt_log_footer_bytes(&l, le32_to_cpu(h->nr));
	footer = take_alone(&in, bytes);
	h->footer_crc = cpu_to_le32(crc32c(~0U, footer, bytes));
	free(footer);
}

/* The next @bytes of the input stay there, for a later look. */
static struct input part(struct input *in, size_t bytes)
{
	struct input first = { in->data, min(in->size, bytes) };

	in->data += first.size;
	in->size -= first.size;
	return first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment *s = calloc(1, sizeof(*s));

	must(s);
	s->in = (struct input){ data, size };
	s->how = take_byte(&s->in);
	s->bytes = (u64)KVT_LOG_SEGMENT_MIN << take_byte(&s->in) % 5;
	take(&s->in, s->state, HEAD_INPUT);
	take(&s->in, s->header, HEAD_INPUT);
	s->footer = part(&s->in, FOOTER_INPUT);
	if (s->how & SEAL_FOOTER)
		seal_footer(s);
	if (s->how & SEAL_STATE)
		seal(s->state, PAGE);
	if (s->how & SEAL_HEADER)
		seal(s->header, PAGE);
	scan(s);
	free(s);
	return 0;
}

/* ---------------------------------------------------------------------- seeds */

/* An input: a block and a tomb in a footer, and in two summaries. */
struct made {
	uint8_t how;
	uint8_t shift;
	u8 state[HEAD_INPUT];
	u8 header[HEAD_INPUT];
	u8 footer[FOOTER_INPUT];
	u8 summary[2][SUMMARY_INPUT];
} __attribute__((packed));

static const struct kvt_log_owner owner = {
	.name = "chat", .identity = { 0x1d }, .block_size = 65536, .class_id = 3,
};

static void make_entries(const struct kvt_log_layout *l, void *table, u32 at)
{
	struct kvt_log_entry *e = kvt_log_entry(l, table, 0);

	e->key[0] = at >> 12;
	e->used = cpu_to_le64(1700000000);
	e->type = cpu_to_le32(KVT_LOG_BLOCK);
	e->offset = cpu_to_le32(at / PAGE);
	e = kvt_log_entry(l, table, 1);
	e->type = cpu_to_le32(KVT_LOG_TOMB);
	e->generation = cpu_to_le64(5);
	e->segment = cpu_to_le32(3);
}

static void make_record(u8 *to, u32 room, enum kvt_log_kind kind, u32 nr, u32 first,
			const struct kvt_log_layout *l, u32 at)
{
	static u64 page[PAGE / sizeof(u64)];
	struct kvt_log_place where = place;
	struct kvt_log_head *h = (void *)page;

	where.generation = 9;
	kvt_log_make(h, kind, PAGE, &where, kind == KVT_LOG_FREE ? NULL : &owner);
	h->nr = cpu_to_le32(nr);
	h->first = cpu_to_le32(first);
	if (kind == KVT_LOG_SUMMARY)
		make_entries(l, h + 1, at);
	memcpy(to, page, room);
}

static void seed_of(seed_fn seed, const char *name, enum kvt_log_kind kind, uint8_t how)
{
	struct made *m = calloc(1, sizeof(*m));
	u64 footer[FOOTER_INPUT / sizeof(u64)] = {};
	struct kvt_log_layout l;
	u32 at;

	must(m && !kvt_log_layout(&l, KVT_LOG_SEGMENT_MIN, owner.block_size));
	m->how = how | SEAL_HEADER | SEAL_FOOTER | SEAL_SUMMARY;
	make_record(m->state, HEAD_INPUT, kind, kind == KVT_LOG_CLOSED ? 4 : 0, 0, &l, 0);
	make_record(m->header, HEAD_INPUT, KVT_LOG_HEADER, 0, 0, &l, 0);
	at = PAGE + l.summary_bytes;
	make_entries(&l, footer, at);
	memcpy(m->footer, footer, sizeof(m->footer));
	make_record(m->summary[0], SUMMARY_INPUT, KVT_LOG_SUMMARY, 2, 0, &l, at);
	at += owner.block_size + l.summary_bytes;
	make_record(m->summary[1], SUMMARY_INPUT, KVT_LOG_SUMMARY, 2, 2, &l, at);
	seed(name, m, sizeof(*m));
	free(m);
}

void fuzz_seeds(seed_fn seed)
{
	seed_of(seed, "closed", KVT_LOG_CLOSED, SEAL_STATE);
	seed_of(seed, "open", KVT_LOG_OPEN, SEAL_STATE);
	seed_of(seed, "free", KVT_LOG_FREE, SEAL_STATE);
	seed_of(seed, "by-header", KVT_LOG_CLOSED, 0);
	seed_of(seed, "read-fails", KVT_LOG_OPEN, SEAL_STATE | READ_FAILS);
}
