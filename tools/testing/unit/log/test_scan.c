// SPDX-License-Identifier: GPL-2.0
/* From pages to entries: what a segment is found to be, and how far its chain goes. */
#include "made.h"

#define MIB	(1 << 20)

static struct rng rng = { .state = 5 };
static struct made m;
static struct met met;

static void scan(void)
{
	made_scan(&m, &met);
}

/* What came out is good, and is the first @nr entries. */
static bool met_first(u32 nr)
{
	return !met.error && met.scan.nr == nr && met.same == nr && !met.nr_bad;
}

/* --------------------------------------------------------------------- chains */

/* Segments of all sizes would take minutes: the large ones with few blocks. */
static void every_size(void)
{
	u32 segment, block, bad = 0, nr = 0;

	for (segment = MIB; segment <= 256 * MIB; segment *= 2)
		for (block = 4096; block <= segment / 3 && block <= 64 * MIB; block *= 2) {
			if (segment / block > 4096)
				continue;
			made_new(&m, segment, block, ~0U, 5, &rng);
			scan();
			bad += !met_first(m.nr) || met.found.kind != KVT_LOG_OPEN ||
			       met.scan.end != m.end;
			made_close(&m, 0);
			scan();
			bad += !met_first(m.nr) || met.found.kind != KVT_LOG_CLOSED ||
			       m.nr_reads != 1;
			nr++;
			made_free(&m);
		}
	is(bad, 0, "%u sizes of segment and block: full ones, open and closed", nr);
}

static void every_length(void)
{
	u32 groups, bad = 0;

	for (groups = 0; groups < 20; groups++) {
		made_new(&m, MIB, 4096, groups, 3, &rng);
		scan();
		bad += !met_first(m.nr) || met.scan.summaries != m.nr_groups ||
		       met.scan.end != m.end || met.scan.why != -ENODATA;
		made_free(&m);
	}
	is(bad, 0, "chains of 0 to 19 groups");
}

/* One page is left, and a summary has two. */
static void full_segment(void)
{
	made_new(&m, 256 * MIB, 67084288, ~0U, 0, &rng);
	must(m.layout.summary_bytes == 8192 && m.layout.data_end - m.end == 4096);
	scan();
	ok(met_first(m.nr) && m.nr == 4 && met.scan.why == 0,
	   "a segment with no room for more is read to its end");
	made_free(&m);
}

static void other_blocks(void)
{
	made_new(&m, MIB, 12288, 6, 2, &rng);
	scan();
	ok(met_first(m.nr), "blocks of 12 KiB");
	made_free(&m);
	made_new(&m, 2 * MIB, 69632, 6, 2, &rng);
	scan();
	ok(met_first(m.nr), "blocks of 68 KiB");
	made_free(&m);
}

/* ------------------------------------------------------------------ damage */

static void damaged_summary(void)
{
	u32 g, bad = 0;

	made_new(&m, MIB, 8192, 8, 4, &rng);
	for (g = 0; g < m.nr_groups; g++) {
		m.bytes[m.pos[g] + 300] ^= 1;
		scan();
		bad += !met_first(m.first[g]) || met.scan.why != -EBADMSG ||
		       met.scan.end != m.pos[g];
		m.bytes[m.pos[g] + 300] ^= 1;
	}
	is(bad, 0, "a damaged summary ends the chain, what is before it is found");
	made_free(&m);
}

static void torn_summary(void)
{
	u32 sectors, bad = 0;
	u8 old[4096];

	made_new(&m, MIB, 4096, 4, 0, &rng);
	memcpy(old, made_summary(&m, 3), sizeof(old));
	for (sectors = 0; sectors < 8; sectors++) {
		memset((u8 *)made_summary(&m, 3) + 512 * sectors, 0, sizeof(old) - 512 * sectors);
		scan();
		bad += memcmp(old, made_summary(&m, 3), sizeof(old)) && !met_first(m.first[3]);
		memcpy(made_summary(&m, 3), old, sizeof(old));
	}
	is(bad, 0, "nor is one found of which 0 to 7 sectors were written");
	made_free(&m);
}

static void unreadable(void)
{
	made_new(&m, MIB, 4096, 4, 0, &rng);
	m.fail_at = m.pos[2];
	scan();
	ok(met_first(m.first[2]) && met.scan.why == -EIO, "a summary that cannot be read");
	m.fail_at = m.layout.segment_bytes - KVT_LOG_PAGE;
	scan();
	ok(met_first(m.nr) && met.found.by_header, "a state page that cannot be read");
	made_page(&m)->crc ^= 1;
	m.fail_at = 0;
	made_head(&m)->crc ^= 1;
	scan();
	is(met.error, -EBADMSG, "state page and header damaged: lost");
	is(met.found.kind, KVT_LOG_FREE, "nothing to be used in it");
	made_free(&m);
}

static void damaged_footer(void)
{
	u32 footer;

	made_new(&m, MIB, 4096, 5, 3, &rng);
	made_close(&m, 0);
	footer = m.layout.segment_bytes - KVT_LOG_PAGE - kvt_log_footer_bytes(&m.layout, m.nr);
	m.bytes[footer + 40] ^= 4;
	scan();
	ok(met_first(m.nr) && met.found.kind == KVT_LOG_CLOSED,
	   "a damaged footer: the summaries have it all");
	m.bytes[m.pos[3]] ^= 1;
	scan();
	ok(met_first(m.first[3]), "with a damaged summary, too: what is before that");
	made_free(&m);
}

/* A footer whose checksum is good and whose entries are not. */
static void hostile_footer(void)
{
	struct kvt_log_entry *e;
	u32 bytes, at;

	made_new(&m, MIB, 4096, 5, 0, &rng);
	made_close(&m, 0);
	bytes = kvt_log_footer_bytes(&m.layout, m.nr);
	at = m.layout.segment_bytes - KVT_LOG_PAGE - bytes;
	e = kvt_log_entry(&m.layout, m.bytes + at, m.nr - 1);
	e->offset = cpu_to_le32(~0U);
	made_state(&m, KVT_LOG_CLOSED, m.nr, crc32c(~0U, m.bytes + at, bytes));
	scan();
	ok(met_first(m.nr) && met.scan.summaries == m.nr_groups,
	   "a footer with an entry outside: the summaries are read");
	made_free(&m);
}

/* --------------------------------------------------------------------- states */

static void states(void)
{
	made_new(&m, MIB, 4096, 4, 0, &rng);
	made_state(&m, KVT_LOG_FREE, 0, 0);
	scan();
	ok(!met.error && met.found.kind == KVT_LOG_FREE &&
	   met.found.place.generation == m.place.generation && m.nr_reads == 1,
	   "a free state: free, its generation known, nothing else is read");
	memset(made_page(&m), 0, KVT_LOG_PAGE);
	scan();
	ok(!met.error && met.found.kind == KVT_LOG_FREE && !met.found.place.generation &&
	   m.nr_reads == 1, "a state page of zeros: never used");
	memset(made_page(&m), 0xa5, KVT_LOG_PAGE);
	scan();
	ok(met_first(m.nr) && met.found.by_header && met.found.kind == KVT_LOG_OPEN,
	   "something else there, but the header is good: by the header");
	memset(made_head(&m), 0xa5, KVT_LOG_PAGE);
	scan();
	ok(!met.error && met.found.kind == KVT_LOG_FREE, "no good header either: free");
	made_free(&m);
}

static void damaged_state(void)
{
	made_new(&m, MIB, 4096, 4, 0, &rng);
	made_close(&m, 0);
	made_page(&m)->nr ^= cpu_to_le32(1);
	scan();
	ok(met_first(m.nr) && met.found.by_header,
	   "a damaged closed state: by the header and the summaries");
	made_page(&m)->magic = 0;
	scan();
	ok(met_first(m.nr) && met.found.by_header, "its magic damaged: the same");
	made_head(&m)->kind = cpu_to_le32(KVT_LOG_SUMMARY);
	kvt_log_seal(made_head(&m));
	scan();
	is(met.error, -EBADMSG, "a first page that is another record is no header");
	made_free(&m);
}

static void no_header(void)
{
	made_new(&m, MIB, 4096, 4, 0, &rng);
	made_page(&m)->nr ^= cpu_to_le32(1);
	memset(made_head(&m), 0, KVT_LOG_PAGE);
	scan();
	is(met.error, -EBADMSG, "a damaged state page and no header: lost");
	made_page(&m)->magic = 0;
	made_head(&m)->magic = cpu_to_le64(KVT_LOG_MAGIC);
	scan();
	is(met.error, -EBADMSG, "no state page and a damaged header: lost");
	made_free(&m);
}

static void damaged_header(void)
{
	made_new(&m, MIB, 4096, 4, 0, &rng);
	memset(made_head(&m), 0x11, KVT_LOG_PAGE);
	scan();
	ok(met_first(m.nr), "a damaged header does not matter to an open segment");
	made_close(&m, 0);
	scan();
	ok(met_first(m.nr), "nor to a closed one");
	made_free(&m);
}

/* ------------------------------------------------------------------ staleness */

/* The same segment, used again: what it had before lies behind the new chain. */
static void stale_summaries(void)
{
	struct made old;
	u32 groups, bad = 0;

	for (groups = 0; groups < 6; groups++) {
		made_new(&old, MIB, 4096, 12, 0, &rng);
		made_new(&m, MIB, 4096, groups, 0, &rng);
		memcpy(old.bytes, m.bytes, m.end);
		memcpy(made_page(&old), made_page(&m), KVT_LOG_PAGE);
		memcpy(m.bytes, old.bytes, MIB);
		scan();
		bad += !met_first(m.nr);
		made_free(&m);
		made_free(&old);
	}
	is(bad, 0, "summaries of another use of the segment do not go on a chain");
}

/* As above, but of one length, so that places and numbers fit. */
static void stale_fits(void)
{
	struct kvt_log_head *h;
	u32 i;

	made_new(&m, MIB, 4096, 6, 0, &rng);
	for (i = 3; i < m.nr_groups; i++) {
		h = made_summary(&m, i);
		h->generation = cpu_to_le64(m.place.generation - 1);
		kvt_log_seal(h);
	}
	scan();
	ok(met_first(m.first[3]) && met.scan.why == -ENODATA,
	   "nor do those whose place and numbers would fit");
	made_free(&m);
}

#define FOREIGN(lvalue, what) do {					\
	made_new(&m, MIB, 4096, 4, 0, &rng);				\
	(lvalue) ^= 1;							\
	kvt_log_seal(made_summary(&m, 2));				\
	scan();								\
	ok(met_first(m.first[2]), "a summary of another " what " ends the chain"); \
	made_free(&m);							\
} while (0)

static void foreign_summaries(void)
{
	FOREIGN(made_summary(&m, 2)->set[0], "set");
	FOREIGN(made_summary(&m, 2)->device, "device");
	FOREIGN(made_summary(&m, 2)->segment, "segment");
	FOREIGN(made_summary(&m, 2)->name[0], "space");
	FOREIGN(made_summary(&m, 2)->identity[0], "identity");
	FOREIGN(made_summary(&m, 2)->block_size, "block size");
	FOREIGN(made_summary(&m, 2)->first, "number of entries before it");
}

/* A state page of another segment, copied here by a device gone wrong. */
static void misplaced(void)
{
	struct made other;

	made_new(&m, MIB, 4096, 4, 0, &rng);
	made_new(&other, MIB, 8192, 2, 0, &rng);
	memcpy(made_page(&m), made_page(&other), KVT_LOG_PAGE);
	scan();
	ok(met_first(m.nr) && met.found.by_header, "a state page of another segment: by the header");
	memcpy(made_head(&m), made_head(&other), KVT_LOG_PAGE);
	scan();
	ok(!met.error && met.found.kind == KVT_LOG_FREE, "and a header of it: free");
	made_free(&other);
	made_free(&m);
}

/* A chain whose groups claim to be shorter or longer than they are. */
static void hostile_chain(void)
{
	struct kvt_log_head *h;

	made_new(&m, MIB, 4096, 4, 0, &rng);
	h = made_summary(&m, 0);
	must(le32_to_cpu(h->nr) > 1);
	h->nr = cpu_to_le32(le32_to_cpu(h->nr) - 1);
	kvt_log_seal(h);
	scan();
	is(met.scan.nr, m.first[1] - 1, "a summary with one entry less: the next is not there");
	is(met.nr_bad, 0, "and what is found is good");
	made_free(&m);
}

/* Nothing but tombs goes on to the end of the segment, and no further. */
static void all_tombs(void)
{
	made_new(&m, MIB, 256 * 1024, ~0U, 1, &rng);
	scan();
	ok(met_first(m.nr) && m.nr == m.layout.capacity, "as many tombs as there are entries");
	ok(met.scan.end <= m.layout.data_end, "end below the footer");
	made_free(&m);
}

static int stop_at(void *arg, u32 index, const struct kvt_log_entry *e)
{
	(void)arg;
	(void)e;
	return index == 5 ? 77 : 0;
}

static void stopping(void)
{
	made_new(&m, MIB, 4096, 4, 0, &rng);
	scan();
	met.scan.entry = stop_at;
	is(kvt_log_scan_open(&met.found, &met.scan), 77, "a callback can stop the scan");
	is(met.scan.nr, 6, "after its entry");
	made_free(&m);
}

int main(void)
{
	every_size();
	every_length();
	full_segment();
	other_blocks();
	damaged_summary();
	torn_summary();
	unreadable();
	damaged_footer();
	hostile_footer();
	states();
	damaged_state();
	no_header();
	damaged_header();
	stale_summaries();
	stale_fits();
	foreign_summaries();
	misplaced();
	hostile_chain();
	all_tombs();
	stopping();
	return done();
}
