// SPDX-License-Identifier: GPL-2.0
/*
 * Bits that flip on the media, one here and one there, in every kind of thing
 * that is written: each costs what Documentation/log-format.rst says, and no more;
 * no byte that is read is wrong; the counters tell.
 *
 * KVTIER_FLIPS= how many flips of each kind (100; 1000 with KVTIER_FULL=1),
 * KVTIER_SEED= where.
 */
#include "kselftest_harness.h"
#include "nvme.h"
#include "../../../../kmod/log_scan.h"

#define BS		4096U
#define CLASSES		16U
#define ROUNDS		2U
#define PER_SEGMENT	60U		/* blocks: two groups */
#define SEGMENTS	(CLASSES * ROUNDS)
#define NR		(SEGMENTS * PER_SEGMENT)
#define SEGMENT		KST_MIB
#define SIZE		((SEGMENTS + 8) * SEGMENT)
#define FIRST		(4 * KST_MIB)
#define BATCH		64U
#define MAX_GROUPS	16

/*
 * What a good image has, segment by segment: where they begin, what they are, their
 * summaries, and entry by entry the block's number. @at: by block: where its
 * bytes are.
 */
struct image {
	char *mem;
	unsigned int nr;
	struct {
		size_t start;
		struct kvt_log_found f;
		unsigned int nr_groups;
		unsigned int group[MAX_GROUPS];
		unsigned int first[MAX_GROUPS + 1];
		unsigned int block[4 * PER_SEGMENT];
	} seg[SEGMENTS + 4];
	size_t at[NR];
};

FIXTURE(flips) {
	struct kst_loop loop;
	struct kst_set set;
	struct image *good;
	char *mem;		/* of the device */
	bool lost[NR];		/* what is expected */
	int fd;
};

static unsigned int flips(void)
{
	const char *nr = getenv("KVTIER_FLIPS");

	return nr ? atoi(nr) : getenv("KVTIER_FULL") ? 1000 : 100;
}

/* ----------------------------------------------------------------- a good image */

static struct kst_key key_of(unsigned int n)
{
	return kst_key(9, n);
}

static int put_some(int fd, unsigned int first, unsigned int nr, __u8 class_id)
{
	static char data[BATCH][BS];
	struct kvt_entry e[BATCH];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, nr, 9, first);
	for (i = 0; i < nr; i++) {
		kst_fill(data[i], BS, first + i);
		e[i].addr = kst_ptr(data[i]);
	}
	kst_batch(&b, KVT_OP_PUT, e, nr);
	b.flags = KVT_F_WAIT | KVT_F_FLAT | KVT_F_CLASS;
	b.class_id = class_id;
	b.timeout_ns = KST_PATIENCE * 1000000ULL;
	return kst_submit(fd, &b) ?: b.ok == nr ? 0 : -EIO;
}

/* Blocks of each class: detached, they are in a segment of their own. */
static int put_round(unsigned int round)
{
	int fd = kst_open(KST_SPACE, O_RDWR), err = fd < 0 ? fd : 0;
	unsigned int c;

	for (c = 0; c < CLASSES && !err; c++)
		err = put_some(fd, (round * CLASSES + c) * PER_SEGMENT,
			       PER_SEGMENT, c);
	close(fd);
	return err;
}

static int attach(FIXTURE_DATA(flips) *self)
{
	int err = kst_nvme_add(&self->set, KST_NVME) ?:
		  kst_nvme_space(KST_SPACE, BS, 4, SEGMENTS + 2) ?:
		  kst_recovered(KST_NVME);

	self->fd = err ? -1 : kst_open(KST_SPACE, O_RDWR);
	return err;
}

static int detach(FIXTURE_DATA(flips) *self)
{
	close(self->fd);
	return kst_tier_remove(KST_NVME) ?: kst_space_delete(KST_SPACE);
}

struct walk {
	struct image *img;
	unsigned int seg;
};

static int read_segment(void *arg, u32 pos, u32 bytes, void *to)
{
	const struct walk *w = arg;

	memcpy(to, w->img->mem + w->img->seg[w->seg].start + pos, bytes);
	return 0;
}

/* The block's number; ~0: it is none of ours. */
static unsigned int number_of(const __u8 *key)
{
	__u64 n;

	memcpy(&n, key + 24, sizeof(n));
	return n && n <= NR && !memcmp(key_of(n - 1).b, key, KVT_KEY_SIZE) ?
	       n - 1 : ~0U;
}

static int note_entry(void *arg, u32 index, const struct kvt_log_entry *e)
{
	const struct walk *w = arg;
	struct image *img = w->img;
	unsigned int n = number_of(e->key);

	if (le32_to_cpu(e->type) != KVT_LOG_BLOCK || n >= NR ||
	    index >= 4 * PER_SEGMENT)
		return -EPROTO;
	img->seg[w->seg].block[index] = n;
	img->at[n] = img->seg[w->seg].start +
		     (size_t)le32_to_cpu(e->offset) * KVT_LOG_PAGE;
	return 0;
}

/* Where the summaries are: each leads to the next. */
static int note_groups(struct image *img, unsigned int s)
{
	const struct kvt_log_layout *l = &img->seg[s].f.layout;
	unsigned int pos = KVT_LOG_PAGE, first = 0, nr = 0;

	for (;;) {
		const struct kvt_log_head *h = (void *)(img->mem +
							img->seg[s].start + pos);

		img->seg[s].first[nr] = first;
		if (kvt_log_check(h, l->summary_bytes, &img->seg[s].f.place) ||
		    le32_to_cpu(h->kind) != KVT_LOG_SUMMARY)
			break;
		if (nr == MAX_GROUPS)
			return -EPROTO;
		img->seg[s].group[nr++] = pos;
		first += le32_to_cpu(h->nr);
		if (kvt_log_check_summary(h, l, le32_to_cpu(h->first), pos, &pos))
			return -EPROTO;
	}
	img->seg[s].nr_groups = nr;
	return 0;
}

/* Reads the image as the kernel would; 0 or -errno. */
static int read_image(struct image *img, const __u8 *set)
{
	static char buffer[KVT_LOG_SUMMARY_MAX] __attribute__((aligned(8)));
	struct walk w = { .img = img };
	struct kvt_log_place place = {};
	struct kvt_log_scan s = {
		.read = read_segment, .entry = note_entry, .arg = &w,
		.buffer = buffer,
	};
	size_t start;
	int err = 0;

	memcpy(place.set, set, sizeof(place.set));
	for (start = FIRST; start + SEGMENT <= SIZE && !err; start += SEGMENT) {
		struct kvt_log_found *f = &img->seg[w.seg].f;

		place.segment = (start - FIRST) / SEGMENT;
		img->seg[w.seg].start = start;
		err = kvt_log_scan_pages(f, &s, &place, SEGMENT);
		if (err || f->kind == KVT_LOG_FREE)
			continue;
		/* Footers name the same as summaries: nothing was dropped. */
		err = kvt_log_scan_open(f, &s);
		if (err == -ENODATA)
			err = 0;
		err = err ?: note_groups(img, w.seg);
		w.seg++;
	}
	img->nr = w.seg;
	return err;
}

/* Keep a copy of the device's bytes as they are now. */
static int keep_image(FIXTURE_DATA(flips) *self)
{
	const struct kvt_log_super *super = (void *)self->mem;

	memcpy(self->good->mem, self->mem, SIZE);
	return read_image(self->good, super->set);
}

FIXTURE_SETUP(flips)
{
	unsigned int r;

	KST_START();
	if (kst_loop_make(&self->loop, SIZE))
		SKIP(return, "no loop devices");
	self->set = (struct kst_set){
		.nr = 1, .dev = { self->loop.path }, .segment = SEGMENT,
	};
	self->good = calloc(1, sizeof(*self->good));
	self->good->mem = malloc(SIZE);
	self->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->loop.file, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	ASSERT_EQ(0, kst_format(&self->set));
	srand(getenv("KVTIER_SEED") ? atoi(getenv("KVTIER_SEED")) : 1);
	for (r = 0; r < ROUNDS; r++) {
		ASSERT_EQ(0, attach(self));
		ASSERT_EQ(0, put_round(r));
		ASSERT_EQ(0, detach(self));
	}
	ASSERT_EQ(0, keep_image(self));
	ASSERT_EQ(SEGMENTS, self->good->nr);
}

FIXTURE_TEARDOWN_PARENT(flips)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* ------------------------------------------------------------------------- flips */

/* The device is as it was, and all is expected to be found. */
static void restore(FIXTURE_DATA(flips) *self)
{
	memcpy(self->mem, self->good->mem, SIZE);
	memset(self->lost, 0, sizeof(self->lost));
}

static void flip(FIXTURE_DATA(flips) *self, size_t at, unsigned int bytes)
{
	self->mem[at + rand() % bytes] ^= 1 << rand() % 8;
}

/* The blocks of a segment from entry @first on are expected to be lost. */
static void expect_loss(FIXTURE_DATA(flips) *self, unsigned int s,
			unsigned int first)
{
	unsigned int nr = self->good->seg[s].first[self->good->seg[s].nr_groups];

	for (; first < nr; first++)
		self->lost[self->good->seg[s].block[first]] = true;
}

struct tally {
	unsigned int wrong;	/* other bytes */
	unsigned int missing;	/* not expected to be lost */
	unsigned int back;	/* expected to be lost */
	unsigned int lost;
	int err;
};

static int get_some(int fd, unsigned int first, char (*to)[BS],
		    struct kvt_entry *e)
{
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, BATCH, 9, first);
	for (i = 0; i < BATCH; i++) {
		e[i].addr = kst_ptr(to[i]);
		e[i].len = BS;
	}
	kst_batch(&b, KVT_OP_GET, e, BATCH);
	return kst_submit(fd, &b);
}

/* Get all blocks and compare with what is expected. */
static struct tally check(FIXTURE_DATA(flips) *self)
{
	static char data[BATCH][BS];
	struct kvt_entry e[BATCH];
	struct tally t = {};
	unsigned int n, i;

	for (n = 0; n < NR && !t.err; n += BATCH) {
		t.err = get_some(self->fd, n, data, e);
		for (i = 0; i < BATCH && !t.err; i++) {
			int ret = e[i].result;

			if (ret == -ENOENT) {
				t.lost++;
				t.missing += !self->lost[n + i];
			} else if (ret < 0) {
				t.err = ret;
			} else {
				t.wrong += !kst_holds(data[i], BS, n + i);
				t.back += self->lost[n + i];
			}
		}
	}
	return t;
}

#define EXPECT_GOOD(t)						\
	do {							\
		EXPECT_EQ(0, (t).err);				\
		EXPECT_EQ(0, (t).wrong);			\
		EXPECT_EQ(0, (t).missing);			\
		EXPECT_EQ(0, (t).back);				\
	} while (0)

/* @nr of 0..@of - 1, each at most once. */
static void choose(unsigned int *set, unsigned int nr, unsigned int of)
{
	unsigned int i, j, all[NR];

	for (i = 0; i < of; i++)
		all[i] = i;
	for (i = 0; i < nr; i++) {
		j = i + rand() % (of - i);
		set[i] = all[j];
		all[j] = all[i];
	}
}

TEST_F_TIMEOUT(flips, nothing, 120)
{
	struct tally t;

	restore(self);
	ASSERT_EQ(0, attach(self));
	EXPECT_EQ(NR, kst_stat(KST_SPACE, "recovered"));
	t = check(self);
	EXPECT_GOOD(t);
	EXPECT_EQ(0, t.lost);
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "bad_records"));
	EXPECT_EQ(0, kst_tier_attr(KST_NVME, "crc_errors"));
}

/* A bit of a block's bytes: that block. */
TEST_F_TIMEOUT(flips, bytes_of_blocks, 600)
{
	unsigned int set[50], done, i;
	struct tally t;

	for (done = 0; done < flips(); done += 50) {
		restore(self);
		choose(set, 50, NR);
		for (i = 0; i < 50; i++) {
			flip(self, self->good->at[set[i]], BS);
			self->lost[set[i]] = true;
		}
		ASSERT_EQ(0, attach(self));
		t = check(self);
		EXPECT_GOOD(t);
		EXPECT_EQ(50, t.lost);
		EXPECT_EQ(50, kst_tier_attr(KST_NVME, "crc_errors"));
		EXPECT_EQ(50, kst_stat(KST_SPACE, "lost"));
		EXPECT_EQ(0, kst_tier_attr(KST_NVME, "bad_records"));
		ASSERT_EQ(0, detach(self));
	}
}

/* One flip in each of 25 segments a time */
#define EACH 25

enum part { FOOTER, STATE, HEADER };

static void flip_part(FIXTURE_DATA(flips) *self, unsigned int s, enum part part)
{
	const struct kvt_log_found *f = &self->good->seg[s].f;
	size_t start = self->good->seg[s].start;

	switch (part) {
	case FOOTER:
		flip(self, start + f->footer, f->footer_bytes);
		break;
	case STATE:
		flip(self, start + SEGMENT - KVT_LOG_PAGE, KVT_LOG_PAGE);
		break;
	case HEADER:
		flip(self, start, KVT_LOG_PAGE);
		break;
	}
}

/* The summaries say the same as the footer, the header as the state. */
static void flip_redundant(struct __test_metadata *_metadata,
			   FIXTURE_DATA(flips) *self, enum part part,
			   unsigned int bad)
{
	unsigned int set[EACH], done, i;
	struct tally t;

	for (done = 0; done < flips(); done += EACH) {
		restore(self);
		choose(set, EACH, SEGMENTS);
		for (i = 0; i < EACH; i++)
			flip_part(self, set[i], part);
		ASSERT_EQ(0, attach(self));
		EXPECT_EQ(bad, kst_tier_attr(KST_NVME, "bad_records"));
		t = check(self);
		EXPECT_GOOD(t);
		EXPECT_EQ(0, t.lost);
		ASSERT_EQ(0, detach(self));
	}
}

/* A segment without a good footer gets one. */
TEST_F_TIMEOUT(flips, footers_are_made_good, 120)
{
	unsigned int s, pass;

	restore(self);
	for (s = 0; s < SEGMENTS; s++)
		flip_part(self, s, FOOTER);
	for (pass = 0; pass < 2; pass++) {
		ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
		ASSERT_EQ(0, kst_nvme_space(KST_SPACE, BS, 4, SEGMENTS + 2));
		ASSERT_EQ(0, kst_recovered(KST_NVME));
		EXPECT_EQ(pass ? 0 : SEGMENTS,
			  kst_tier_attr(KST_NVME, "bad_records"));
		EXPECT_EQ(NR, kst_attr(KST_SPACE, "blocks"));
		ASSERT_EQ(0, kst_tier_remove(KST_NVME));
		ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	}
}

TEST_F_TIMEOUT(flips, footers, 600)
{
	flip_redundant(_metadata, self, FOOTER, EACH);
}

TEST_F_TIMEOUT(flips, states, 600)
{
	flip_redundant(_metadata, self, STATE, EACH);
}

/* Not read as long as the state is good. */
TEST_F_TIMEOUT(flips, headers, 600)
{
	flip_redundant(_metadata, self, HEADER, 0);
}

/* Both: nobody knows whose it is; all of its blocks are lost. */
TEST_F_TIMEOUT(flips, states_and_headers, 600)
{
	unsigned int set[EACH], done, i;
	struct tally t;

	for (done = 0; done < flips(); done += EACH) {
		restore(self);
		choose(set, EACH, SEGMENTS);
		for (i = 0; i < EACH; i++) {
			flip_part(self, set[i], STATE);
			flip_part(self, set[i], HEADER);
			expect_loss(self, set[i], 0);
		}
		ASSERT_EQ(0, attach(self));
		t = check(self);
		EXPECT_GOOD(t);
		EXPECT_EQ(EACH * PER_SEGMENT, t.lost);
		/* But for those where both look as if never used */
		EXPECT_GE(EACH, kst_tier_attr(KST_NVME, "bad_records"));
		EXPECT_LE(EACH - 2, kst_tier_attr(KST_NVME, "bad_records"));
		ASSERT_EQ(0, detach(self));
	}
}

/* Without a footer a summary is needed: its group and those behind it are lost. */
TEST_F_TIMEOUT(flips, footers_and_summaries, 600)
{
	unsigned int set[EACH], done, i;
	struct tally t;

	for (done = 0; done < flips(); done += EACH) {
		restore(self);
		choose(set, EACH, SEGMENTS);
		for (i = 0; i < EACH; i++) {
			unsigned int s = set[i];
			unsigned int g = rand() % self->good->seg[s].nr_groups;

			flip_part(self, s, FOOTER);
			flip(self, self->good->seg[s].start +
			     self->good->seg[s].group[g], KVT_LOG_PAGE);
			expect_loss(self, s, self->good->seg[s].first[g]);
		}
		ASSERT_EQ(0, attach(self));
		t = check(self);
		EXPECT_GOOD(t);
		/* The footer; and the summary, unless it is no record any more */
		EXPECT_LE(2 * EACH - 2, kst_tier_attr(KST_NVME, "bad_records"));
		EXPECT_GE(2 * EACH, kst_tier_attr(KST_NVME, "bad_records"));
		ASSERT_EQ(0, detach(self));
	}
}

/* Not read as long as the footer is good. */
TEST_F_TIMEOUT(flips, summaries_of_closed_segments, 600)
{
	unsigned int done, s, g;
	struct tally t;

	for (done = 0; done < flips(); done += 2 * SEGMENTS) {
		restore(self);
		for (s = 0; s < SEGMENTS; s++)
			for (g = 0; g < self->good->seg[s].nr_groups; g++)
				flip(self, self->good->seg[s].start +
				     self->good->seg[s].group[g], KVT_LOG_PAGE);
		ASSERT_EQ(0, attach(self));
		t = check(self);
		EXPECT_GOOD(t);
		EXPECT_EQ(0, t.lost);
		EXPECT_EQ(0, kst_tier_attr(KST_NVME, "bad_records"));
		ASSERT_EQ(0, detach(self));
	}
}

/* ------------------------------------------------------------------- superblocks */

/* One of two: noticed, and nothing else. Both: refused, and nothing written. */
TEST_F_TIMEOUT(flips, superblocks, 900)
{
	char *before = malloc(FIRST);
	unsigned int done;
	int err;

	for (done = 0; done < flips(); done++) {
		memcpy(self->mem, self->good->mem, FIRST);
		flip(self, done % 2 * KVT_LOG_SUPER_STEP, KVT_LOG_PAGE);
		ASSERT_EQ(0, kst_nvme_add(&self->set, KST_NVME));
		EXPECT_EQ(1, kst_tier_attr(KST_NVME, "bad_records"));
		EXPECT_EQ(SEGMENTS * SEGMENT, kst_tier_attr(KST_NVME, "found"));
		ASSERT_EQ(0, kst_tier_remove(KST_NVME));
	}
	for (done = 0; done < flips(); done++) {
		memcpy(self->mem, self->good->mem, FIRST);
		flip(self, 0, KVT_LOG_PAGE);
		flip(self, KVT_LOG_SUPER_STEP, KVT_LOG_PAGE);
		memcpy(before, self->mem, FIRST);
		err = kst_nvme_add(&self->set, KST_NVME);
		EXPECT_TRUE(err == -EUCLEAN || err == -EMEDIUMTYPE) {
			TH_LOG("%d", err);
		}
		EXPECT_EQ(0, memcmp(before, self->mem, FIRST));
	}
}

/* ------------------------------------------------------------------ open segments */

/* As a power cut leaves them: there is no footer; a flip costs the rest. */
TEST_F_TIMEOUT(flips, summaries_of_open_segments, 600)
{
	unsigned int set[CLASSES], done, i, s, nr_open = 0, open[SEGMENTS + 4];
	int copy, fd;
	struct tally t;

	/* More of every class than memory holds; then what is on media now */
	restore(self);
	ASSERT_EQ(0, kst_format(&self->set));
	ASSERT_EQ(0, attach(self));
	fd = kst_open(KST_SPACE, O_RDWR);
	for (i = 0; i < SEGMENTS; i++) {
		ASSERT_EQ(0, put_some(fd, i * PER_SEGMENT, PER_SEGMENT,
				      i % CLASSES));
	}
	kst_let_commit(KST_SPACE, KST_NVME);
	close(fd);
	copy = kst_copy_memory(self->loop.file);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, detach(self));
	ASSERT_EQ((ssize_t)SIZE, pread(copy, self->mem, SIZE, 0));
	memset(self->good->at, 0, sizeof(self->good->at));
	ASSERT_EQ(0, keep_image(self));
	for (s = 0; s < self->good->nr; s++) {
		if (self->good->seg[s].f.kind == KVT_LOG_OPEN &&
		    self->good->seg[s].nr_groups)
			open[nr_open++] = s;
	}
	ASSERT_LE(8, nr_open);
	for (done = 0; done < flips(); done += 8) {
		restore(self);
		for (i = 0; i < NR; i++)
			self->lost[i] = !self->good->at[i];
		choose(set, 8, nr_open);
		for (i = 0; i < 8; i++) {
			unsigned int g;

			s = open[set[i]];
			g = rand() % self->good->seg[s].nr_groups;
			flip(self, self->good->seg[s].start +
			     self->good->seg[s].group[g], KVT_LOG_PAGE);
			expect_loss(self, s, self->good->seg[s].first[g]);
		}
		ASSERT_EQ(0, attach(self));
		t = check(self);
		EXPECT_GOOD(t);
		EXPECT_GE(8, kst_tier_attr(KST_NVME, "bad_records"));
		EXPECT_LE(6, kst_tier_attr(KST_NVME, "bad_records"));
		ASSERT_EQ(0, detach(self));
	}
}

TEST_HARNESS_MAIN
