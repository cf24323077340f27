// SPDX-License-Identifier: GPL-2.0
/* Headers, states, summaries, footers: round trips, hostile fields, single bits. */
#include "made.h"

#define MIB	(1 << 20)

static struct rng rng = { .state = 3 };
static struct made m;

static int check(const void *record)
{
	struct kvt_log_place any = made_any(&m);

	return kvt_log_check(record, m.layout.summary_bytes, &any);
}

static void round_trip(void)
{
	struct kvt_log_owner owner;
	struct kvt_log_head *h;

	made_new(&m, MIB, 8192, 5, 4, &rng);
	h = made_head(&m);
	is(check(h), 0, "a header is good");
	kvt_log_get_owner(h, &owner);
	ok(!memcmp(&owner, &m.owner, sizeof(owner)), "and says whose it is");
	ok(kvt_log_same_owner(h, &m.owner), "the same space");
	owner.class_id++;
	ok(kvt_log_same_owner(h, &owner), "of any class");
	owner.identity[31] ^= 1;
	ok(!kvt_log_same_owner(h, &owner), "another identity");
	owner = m.owner;
	owner.block_size += 4096;
	ok(!kvt_log_same_owner(h, &owner), "another block size");
	owner = m.owner;
	owner.name[31] = 'x';
	ok(!kvt_log_same_owner(h, &owner), "another name");
	made_free(&m);
}

static void places(void)
{
	struct kvt_log_place p;

	made_new(&m, MIB, 8192, 1, 0, &rng);
	p = m.place;
	is(kvt_log_check(made_head(&m), KVT_LOG_PAGE, &p), 0, "its place");
	p.generation++;
	is(kvt_log_check(made_head(&m), KVT_LOG_PAGE, &p), -ENODATA, "a later generation");
	p = m.place;
	p.device++;
	is(kvt_log_check(made_head(&m), KVT_LOG_PAGE, &p), -ENODATA, "another device");
	p = m.place;
	p.segment--;
	is(kvt_log_check(made_head(&m), KVT_LOG_PAGE, &p), -ENODATA, "another segment");
	p = m.place;
	p.set[15]++;
	is(kvt_log_check(made_head(&m), KVT_LOG_PAGE, &p), -ENODATA, "another set");
	made_free(&m);
}

static void lengths(void)
{
	struct kvt_log_place any;
	struct kvt_log_head *h;
	u32 bytes, bad = 0;

	made_new(&m, 16 * MIB, 4 * MIB, 1, 0, &rng);
	any = made_any(&m);
	h = made_summary(&m, 0);
	is(kvt_log_check(h, m.layout.summary_bytes, &any), 0, "read in full");
	is(kvt_log_check(h, m.layout.summary_bytes - 4096, &any), -EBADMSG, "cut short");
	for (bytes = 0; bytes < 3 * KVT_LOG_PAGE; bytes++) {
		h->bytes = cpu_to_le32(bytes);
		if (bytes == m.layout.summary_bytes)
			continue;
		bad += kvt_log_check(h, m.layout.summary_bytes, &any) != -EBADMSG;
	}
	h->bytes = cpu_to_le32(~4095U);
	bad += kvt_log_check(h, m.layout.summary_bytes, &any) != -EBADMSG;
	is(bad, 0, "every other length is damage");
	made_free(&m);
}

#define HOSTILE(lvalue, value, error) do {				\
	typeof(lvalue) old = lvalue;					\
									\
	lvalue = value;							\
	kvt_log_seal(made_head(&m));					\
	is(check(made_head(&m)), error, #lvalue " = " #value);		\
	lvalue = old;							\
	kvt_log_seal(made_head(&m));					\
} while (0)

static void head_fields(void)
{
	struct kvt_log_head *h;

	made_new(&m, MIB, 8192, 1, 0, &rng);
	h = made_head(&m);
	HOSTILE(h->magic, cpu_to_le64(1), -ENODATA);
	HOSTILE(h->kind, cpu_to_le32(0), -EBADMSG);
	HOSTILE(h->kind, cpu_to_le32(6), -EBADMSG);
	HOSTILE(h->kind, cpu_to_le32(~0U), -EBADMSG);
	HOSTILE(h->generation, 0, -EBADMSG);
	HOSTILE(h->generation, cpu_to_le64(1ULL << 62), 0);
	HOSTILE(h->generation, cpu_to_le64((1ULL << 62) + 1), -EBADMSG);
	HOSTILE(h->generation, cpu_to_le64(~0ULL), -EBADMSG);
	HOSTILE(h->device, cpu_to_le32(~0U), -ENODATA);
	HOSTILE(h->segment, cpu_to_le32(~0U), -ENODATA);
	HOSTILE(h->set[3], 1, -ENODATA);
	HOSTILE(h->pad[sizeof(h->pad) - 1], 1, -EBADMSG);
	is(check(h), 0, "and as it was it is good");
	made_free(&m);
}

/* -------------------------------------------------------------------- states */

static int check_state(void)
{
	struct kvt_log_place any = made_any(&m);
	struct kvt_log_found f;

	return kvt_log_scan_state(&f, made_page(&m), &any, m.layout.segment_bytes);
}

#define STATE(lvalue, value, error) do {				\
	struct kvt_log_head old = *made_page(&m);			\
									\
	lvalue = value;							\
	kvt_log_seal(made_page(&m));					\
	is(check_state(), error, "state: " #lvalue " = " #value);	\
	*made_page(&m) = old;						\
} while (0)

static void state_fields(void)
{
	struct kvt_log_head *h;

	made_new(&m, MIB, 8192, 4, 0, &rng);
	h = made_page(&m);
	is(check_state(), 0, "an open state is good");
	STATE(h->block_size, 0, -EBADMSG);
	STATE(h->block_size, cpu_to_le32(4097), -EBADMSG);
	made_close(&m, 0);
	is(check_state(), 0, "a closed state is good");
	STATE(h->nr, cpu_to_le32(m.layout.capacity), 0);
	STATE(h->nr, cpu_to_le32(m.layout.capacity + 1), -EBADMSG);
	STATE(h->nr, cpu_to_le32(~0U), -EBADMSG);
	STATE(h->block_size, 0, -EBADMSG);
	STATE(h->block_size, cpu_to_le32(4097), -EBADMSG);
	STATE(h->block_size, cpu_to_le32(MIB), -EBADMSG);
	STATE(h->block_size, cpu_to_le32(~4095U), -EBADMSG);
	STATE(h->kind, cpu_to_le32(KVT_LOG_HEADER), -EBADMSG);
	STATE(h->kind, cpu_to_le32(KVT_LOG_SUMMARY), -EBADMSG);
	made_state(&m, KVT_LOG_FREE, 0, 0);
	is(check_state(), 0, "a free state is good");
	made_free(&m);
}

/* ----------------------------------------------------------------- summaries */

static int check_summary(u32 group, u32 first, u32 pos)
{
	struct kvt_log_head *h = made_summary(&m, group);
	u32 next;
	int err = kvt_log_check(h, m.layout.summary_bytes, &m.place);

	return err ? err : kvt_log_check_summary(h, &m.layout, first, pos, &next);
}

static struct kvt_log_entry *entry(u32 i)
{
	return kvt_log_entry(&m.layout, made_summary(&m, 1) + 1, i);
}

static int check_second(void)
{
	kvt_log_seal(made_summary(&m, 1));
	return check_summary(1, m.first[1], m.pos[1]);
}

#define SUMMARY(lvalue, value) do {					\
	typeof(lvalue) old = lvalue;					\
									\
	lvalue = value;							\
	is(check_second(), -EBADMSG, #lvalue " = " #value);		\
	lvalue = old;							\
} while (0)

static void summary_fields(void)
{
	struct kvt_log_head *h;
	u32 nr;

	made_new(&m, MIB, 4096, 3, 0, &rng);
	h = made_summary(&m, 1);
	nr = le32_to_cpu(h->nr);
	must(nr > 1 && nr < m.layout.group);
	is(check_second(), 0, "a summary is good");
	is(check_summary(1, m.first[1] + 1, m.pos[1]), -EBADMSG, "an entry is missing before it");
	is(check_summary(1, m.first[1], m.pos[1] + 4096), -EBADMSG, "at another place");
	SUMMARY(h->kind, cpu_to_le32(KVT_LOG_HEADER));
	SUMMARY(h->nr, 0);
	SUMMARY(h->nr, cpu_to_le32(nr + 1));
	SUMMARY(h->nr, cpu_to_le32(m.layout.group + 1));
	SUMMARY(h->nr, cpu_to_le32(~0U));
	SUMMARY(h->first, cpu_to_le32(~0U));
	SUMMARY(h->durable, cpu_to_le32(m.first[1] + 1));
	SUMMARY(entry(0)->type, 0);
	SUMMARY(entry(0)->type, cpu_to_le32(3));
	SUMMARY(entry(0)->offset, 0);
	SUMMARY(entry(0)->offset, cpu_to_le32(1));
	SUMMARY(entry(0)->offset, entry(1)->offset);
	SUMMARY(entry(1)->offset, cpu_to_le32(m.layout.data_end / 4096));
	SUMMARY(entry(1)->offset, cpu_to_le32(~0U));
	SUMMARY(entry(0)->generation, cpu_to_le64(1));
	SUMMARY(entry(0)->device, cpu_to_le32(1));
	SUMMARY(entry(0)->segment, cpu_to_le32(1));
	SUMMARY(entry(0)->index, cpu_to_le32(1));
	is(check_second(), 0, "and as it was it is good");
	made_free(&m);
}

/* More entries than a summary has room for, which would do by themselves. */
static void too_many_entries(void)
{
	struct kvt_log_head *h;
	u32 next;

	made_new(&m, MIB, 4096, 2, 1, &rng);
	h = made_summary(&m, 0);
	memcpy(kvt_log_entry(&m.layout, h + 1, m.layout.group),
	       kvt_log_entry(&m.layout, h + 1, 0), m.layout.entry_size);
	while (le32_to_cpu(h->nr) < m.layout.group + 1) {
		memcpy(kvt_log_entry(&m.layout, h + 1, le32_to_cpu(h->nr)),
		       kvt_log_entry(&m.layout, h + 1, 0), m.layout.entry_size);
		h->nr = cpu_to_le32(le32_to_cpu(h->nr) + 1);
	}
	is(kvt_log_check_summary(h, &m.layout, 0, m.pos[0], &next), -EBADMSG,
	   "one entry more than there is room for");
	h->nr = cpu_to_le32(m.layout.group);
	is(kvt_log_check_summary(h, &m.layout, 0, m.pos[0], &next), 0, "a full one is good");
	h->first = cpu_to_le32(m.layout.capacity - m.layout.group);
	is(kvt_log_check_summary(h, &m.layout, le32_to_cpu(h->first), m.pos[0], &next), 0,
	   "the last one of a segment");
	h->first = cpu_to_le32(m.layout.capacity - m.layout.group + 1);
	is(kvt_log_check_summary(h, &m.layout, le32_to_cpu(h->first), m.pos[0], &next),
	   -EBADMSG, "more entries than a segment has");
	made_free(&m);
}

static void short_summary(void)
{
	struct kvt_log_head *h;

	made_new(&m, 256 * MIB, 64 * MIB, 2, 1, &rng);
	must(m.layout.summary_bytes == 2 * KVT_LOG_PAGE);
	h = made_summary(&m, 0);
	is(check_summary(0, 0, m.pos[0]), 0, "a summary of two pages");
	h->bytes = cpu_to_le32(KVT_LOG_PAGE);
	kvt_log_seal(h);
	is(check_summary(0, 0, m.pos[0]), -EBADMSG, "that says it had one");
	made_free(&m);
}

/* -------------------------------------------------------------------- entries */

static int check_entry(const struct kvt_log_entry *e)
{
	return kvt_log_check_entry(e, &m.layout, m.place.generation);
}

static void block_entries(void)
{
	struct kvt_log_entry *e;

	made_new(&m, MIB, 4096, 2, 0, &rng);
	e = entry(0);
	is(check_entry(e), 0, "a block is good");
	memcpy(e->parent, e->key, 32);
	is(check_entry(e), -EBADMSG, "its own parent");
	memset(e->parent, 0, 32);
	is(check_entry(e), 0, "a root");
	memset(e->key, 0, 32);
	e->parent[0] = 1;
	is(check_entry(e), -EBADMSG, "no key");
	e->key[31] = 1;
	is(check_entry(e), 0, "the least key");
	e->offset = cpu_to_le32(2);
	is(check_entry(e), 0, "the first place for a block");
	e->offset = cpu_to_le32(1);
	is(check_entry(e), -EBADMSG, "in the first summary");
	e->offset = cpu_to_le32((m.layout.data_end - 4096) / 4096);
	is(check_entry(e), 0, "the last place for a block");
	e->offset = cpu_to_le32(m.layout.data_end / 4096);
	is(check_entry(e), -EBADMSG, "in the footer");
	made_free(&m);
}

static void tomb_entries(void)
{
	struct kvt_log_entry *e;

	made_new(&m, MIB, 4096, 2, 1, &rng);
	e = entry(0);
	is(check_entry(e), 0, "a tomb is good");
	e->generation = cpu_to_le64(m.place.generation);
	is(check_entry(e), 0, "of a block in its own segment");
	e->generation = cpu_to_le64(m.place.generation + 1);
	is(check_entry(e), -EBADMSG, "of one in a later segment");
	e->generation = 0;
	is(check_entry(e), -EBADMSG, "of no generation");
	e->generation = cpu_to_le64(1);
	e->device = cpu_to_le32(KVT_LOG_MAX_DEVICES);
	is(check_entry(e), -EBADMSG, "on no device");
	e->device = 0;
	e->segment = cpu_to_le32(KVT_LOG_MAX_SEGMENTS);
	is(check_entry(e), -EBADMSG, "in no segment");
	e->segment = 0;
	e->offset = cpu_to_le32(1);
	is(check_entry(e), -EBADMSG, "with an offset");
	made_free(&m);
}

/* ----------------------------------------------------------------------- bits */

/* Flip every bit of a part of the segment; what is scanned may not be as good. */
static void flip_all(const char *what, u8 *part, u32 bytes, int (*good)(void))
{
	u32 bit, missed = 0;

	must(good());
	for (bit = 0; bit < 8 * bytes; bit++) {
		part[bit / 8] ^= 1 << bit % 8;
		missed += good();
		part[bit / 8] ^= 1 << bit % 8;
	}
	is(missed, 0, "%s: each of %u bits, flipped, is noticed", what, 8 * bytes);
	ok(good(), "%s: and flipped back it is good", what);
}

static int header_is_good(void)
{
	return !check(made_head(&m));
}

static int state_is_good(void)
{
	return !check_state();
}

static int summary_is_good(void)
{
	return !check_summary(1, m.first[1], m.pos[1]);
}

static int footer_is_good(void)
{
	struct kvt_log_place any = made_any(&m);
	struct kvt_log_found f;

	must(!kvt_log_scan_state(&f, made_page(&m), &any, m.layout.segment_bytes));
	return !kvt_log_scan_footer(&f, m.bytes + f.footer);
}

static void bits(void)
{
	u32 footer;

	made_new(&m, MIB, 16384, 3, 3, &rng);
	flip_all("header", m.bytes, KVT_LOG_PAGE, header_is_good);
	flip_all("open state", (u8 *)made_page(&m), KVT_LOG_PAGE, state_is_good);
	flip_all("summary", m.bytes + m.pos[1], m.layout.summary_bytes, summary_is_good);
	made_close(&m, 7);
	flip_all("closed state", (u8 *)made_page(&m), KVT_LOG_PAGE, state_is_good);
	footer = kvt_log_footer_bytes(&m.layout, m.nr);
	flip_all("footer", (u8 *)made_page(&m) - footer, footer, footer_is_good);
	made_free(&m);
}

int main(void)
{
	round_trip();
	places();
	lengths();
	head_fields();
	state_fields();
	summary_fields();
	too_many_entries();
	short_summary();
	block_entries();
	tomb_entries();
	bits();
	return done();
}
