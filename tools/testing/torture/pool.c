// SPDX-License-Identifier: GPL-2.0
/*
 * The pool: a process that is the remote tier's helper. It keeps what is spilled in
 * memory that outlives it, gives it back, late, damaged, or not at all, and is killed.
 */
#include <errno.h>
#include <liburing.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <kvtier_remote.h>

#include "torture.h"
#include "trailer.h"

#define POOL_BYTES	(48U << 20)
#define MAX_TRAILER	KVT_REMOTE_MAX_TRAILER
#define MAX_SUMS	1024
#define MAX_DEPTH	8
#define LATE_MS		3000

/*
 * @valid is set last and cleared first: whoever comes after one that was killed
 * finds whole blocks only.
 */
struct pooled {
	atomic_bool valid;
	struct kvt_trailer_of of;
	char trailer[MAX_TRAILER];
};

/* Shared with those who come after it. */
struct pool {
	bool is_tame;
	uint32_t room;
	uint32_t next;
	size_t map_bytes;
	char *bytes;
	struct pooled blocks[];
};

/*
 * struct helper - a pool process
 * @due: by tag: when its request is answered, ms; 0: it has none
 */
struct helper {
	const struct plan *plan;
	struct shared *sh;
	struct pool *pool;
	struct rng rng;
	int fd;
	int space_fd;
	uint32_t depth;
	uint32_t stride;
	char *map;
	struct io_uring ring;
	uint64_t due[MAX_DEPTH];
};

/* Does it do what it should not? */
static bool chance(struct helper *h, uint32_t n)
{
	return !h->pool->is_tame && rng_one_in(&h->rng, n);
}

/* ------------------------------------------------------------------ its memory */

struct pool *pool_new(const struct plan *p, bool is_tame)
{
	uint32_t room = POOL_BYTES / (p->block_size + sizeof(struct pooled));
	size_t head = sizeof(struct pool) + room * sizeof(struct pooled);
	size_t bytes = head + (size_t)room * p->block_size;
	struct pool *pool;

	pool = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pool == MAP_FAILED)
		return NULL;
	pool->is_tame = is_tame;
	pool->room = room;
	pool->map_bytes = bytes;
	pool->bytes = (char *)pool + head;
	return pool;
}

void pool_free(struct pool *pool)
{
	if (pool)
		munmap(pool, pool->map_bytes);
}

static char *bytes_of(const struct helper *h, const struct pooled *b)
{
	return h->pool->bytes +
	       (size_t)(b - h->pool->blocks) * h->plan->block_size;
}

static struct pooled *find(struct pool *pool, const __u8 *key)
{
	uint32_t i;

	for (i = 0; i < pool->room; i++)
		if (atomic_load(&pool->blocks[i].valid) &&
		    !memcmp(pool->blocks[i].of.key, key, KVT_KEY_SIZE))
			return &pool->blocks[i];
	return NULL;
}

/* Where a block may go: where it is, or where the oldest one is. */
static struct pooled *place(struct pool *pool, const __u8 *key)
{
	struct pooled *b = find(pool, key);

	if (!b)
		b = &pool->blocks[pool->next++ % pool->room];
	atomic_store(&b->valid, false);
	return b;
}

/* ------------------------------------------------------------- one block of a request */

static bool sums_fit(const struct helper *h, const struct kvt_trailer *t,
		     const char *bytes)
{
	uint32_t at, len, i = 0;

	for (at = 0; at < h->plan->block_size; at += len) {
		len = h->plan->block_size - at;
		if (len > KVT_TRAILER_SPAN)
			len = KVT_TRAILER_SPAN;
		if (i == MAX_SUMS || le32_to_cpu(t->sums[i++]) !=
				     crc32c(~0U, bytes + at, len))
			return false;
	}
	return i == le32_to_cpu(t->nr);
}

/* A frame that is spilled is held: these bytes, with this trailer. */
static void check_spilled(struct helper *h, const struct pooled *b)
{
	const char *bytes = bytes_of(h, b);
	struct key key = plan_key(h->plan, pattern_owner(h->plan, bytes));

	if (memcmp(key.b, b->of.key, sizeof(key.b)) ||
	    !pattern_is(h->plan, pattern_owner(h->plan, bytes), 0, bytes,
			h->plan->block_size))
		complain(h->sh, "spilled: bytes of another key than it is said to be");
	else if (kvt_trailer_check((const void *)b->trailer, MAX_TRAILER, &b->of) ||
		 !sums_fit(h, (const void *)b->trailer, bytes))
		complain(h->sh, "spilled: its trailer is not that of its bytes");
}

static int spill(struct helper *h, const struct kvt_remote_desc *d,
		 const struct kvt_remote_block *rb, const char *frame,
		 const char *trailer)
{
	struct pooled *b;

	if (chance(h, 16))
		return rng_one_in(&h->rng, 2) ? -ENOSPC : -EIO;
	b = place(h->pool, rb->key);
	b->of = (struct kvt_trailer_of){
		.block_size = d->block_size,
		.class_id = rb->class_id,
	};
	memcpy(b->of.key, rb->key, KVT_KEY_SIZE);
	memcpy(b->of.parent, rb->parent, KVT_KEY_SIZE);
	memcpy(b->of.identity, d->identity, KVT_IDENTITY_SIZE);
	memcpy(b->trailer, trailer, d->trailer_size);
	memcpy(bytes_of(h, b), frame, d->block_size);
	check_spilled(h, b);
	atomic_store(&b->valid, true);
	return 0;
}

static int fetch(struct helper *h, const struct kvt_remote_desc *d,
		 const struct kvt_remote_block *rb, char *frame, char *trailer)
{
	struct pooled *b = find(h->pool, rb->key);

	if (!b)
		return -ENOENT;
	switch (h->pool->is_tame ? 3 : rng_below(&h->rng, 32)) {
	case 0:
		return -EIO;
	case 1:	/* says so, and has written nothing */
		return 0;
	case 2:
		b = &h->pool->blocks[rng_below(&h->rng, h->pool->room)];
		break;
	}
	memcpy(frame, bytes_of(h, b), d->block_size);
	memcpy(trailer, b->trailer, d->trailer_size);
	if (chance(h, 32))
		frame[rng_below(&h->rng, d->block_size)] ^= 1;
	if (chance(h, 32))
		trailer[rng_below(&h->rng, sizeof(struct kvt_trailer))] ^= 1;
	return 0;
}

static int move(struct helper *h, const struct kvt_remote_desc *d, uint32_t i)
{
	const struct kvt_remote_block *rb = &d->blocks[i];
	char *trailer = (char *)d + KVT_REMOTE_TRAILERS + i * d->trailer_size;
	char *frame;
	int ret;

	frame = mmap(NULL, d->block_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		     h->space_fd, rb->offset);
	if (frame == MAP_FAILED)
		return -EIO;
	if (d->op == KVT_REMOTE_FETCH)
		ret = fetch(h, d, rb, frame, trailer);
	else
		ret = spill(h, d, rb, frame, trailer);
	munmap(frame, d->block_size);
	return ret;
}

static int serve(struct helper *h, const struct kvt_remote_desc *d, uint32_t i)
{
	struct pooled *b;

	switch (d->op) {
	case KVT_REMOTE_EXISTS:
		return find(h->pool, d->blocks[i].key) ? 0 : -ENOENT;
	case KVT_REMOTE_DROP:
		b = find(h->pool, d->blocks[i].key);
		if (b)
			atomic_store(&b->valid, false);
		return 0;
	default:
		return move(h, d, i);
	}
}

/* ------------------------------------------------------------------- the channel */

static struct kvt_remote_desc *desc(const struct helper *h, uint32_t tag)
{
	return (void *)(h->map + (size_t)tag * h->stride);
}

static void command(struct helper *h, uint32_t cmd, uint32_t tag, uint64_t id,
		    bool is_bad)
{
	struct kvt_uring_remote u = { .tag = tag, .id = id };
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&h->ring)))
		io_uring_submit(&h->ring);
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, h->fd, NULL, 0, 0);
	sqe->cmd_op = cmd;
	sqe->user_data = (uint64_t)is_bad << 32 | tag;
	memcpy(sqe->cmd, &u, sizeof(u));
	io_uring_submit(&h->ring);
}

/*
 * An answer that the kernel has to refuse, unless it does not look any more. Then there
 * is another one.
 */
static void answer_wrongly(struct helper *h, uint32_t tag)
{
	struct kvt_remote_desc *d = desc(h, tag);
	uint64_t id = d->id;

	if (rng_one_in(&h->rng, 2))
		id ^= rng_next(&h->rng) | 1;
	else
		d->blocks[d->nr - 1].status = rng_one_in(&h->rng, 2) ? 1 : -5000;
	command(h, KVT_URING_COMMIT_REQ, tag, id, true);
}

static void answer(struct helper *h, uint32_t tag)
{
	struct kvt_remote_desc *d = desc(h, tag);
	uint32_t i;

	for (i = 0; i < d->nr; i++)
		d->blocks[i].status = serve(h, d, i);
	h->due[tag] = 0;
	if (chance(h, 16))
		answer_wrongly(h, tag);
	else
		command(h, KVT_URING_COMMIT_REQ, tag, d->id, false);
}

static void take_request(struct helper *h, uint32_t tag)
{
	const struct kvt_remote_desc *d = desc(h, tag);

	if (!d->id || !d->nr || d->nr > KVT_REMOTE_BATCH ||
	    d->block_size != h->plan->block_size ||
	    d->trailer_size > MAX_TRAILER)
		complain(h->sh, "a request that makes no sense: op %u, %u blocks of %u, trailers of %u",
			 d->op, d->nr, d->block_size, d->trailer_size);
	h->due[tag] = now_ms();
	if (chance(h, 8))
		h->due[tag] += rng_below(&h->rng, 100);
	if (chance(h, 64))
		h->due[tag] += rng_below(&h->rng, LATE_MS);
}

/* Returns false when the channel is at its end. */
static bool take_completion(struct helper *h, const struct io_uring_cqe *cqe)
{
	uint32_t tag = cqe->user_data;
	bool was_bad = cqe->user_data >> 32;

	if (!cqe->res) {
		take_request(h, tag);
		return true;
	}
	if (cqe->res == -ECANCELED)
		return false;
	if (was_bad && (cqe->res == -ESTALE || cqe->res == -EINVAL)) {
		h->due[tag] = now_ms();
		return true;
	}
	complain(h->sh, "pool: command of tag %u: %s", tag, strerror(-cqe->res));
	return false;
}

static bool take_completions(struct helper *h)
{
	struct __kernel_timespec ts = { .tv_nsec = 2000000 };
	struct io_uring_cqe *cqe;
	bool ok = true;

	if (io_uring_wait_cqe_timeout(&h->ring, &cqe, &ts))
		return true;
	do {
		ok = take_completion(h, cqe);
		io_uring_cqe_seen(&h->ring, cqe);
	} while (ok && !io_uring_peek_cqe(&h->ring, &cqe));
	return ok;
}

static void work(struct helper *h)
{
	uint32_t tag;

	for (tag = 0; tag < h->depth; tag++)
		command(h, KVT_URING_FETCH_REQ, tag, 0, false);
	while (!atomic_load(&h->sh->stop) && !atomic_load(&h->sh->failed) &&
	       take_completions(h))
		for (tag = 0; tag < h->depth; tag++)
			if (h->due[tag] && now_ms() >= h->due[tag])
				answer(h, tag);
}

/* The last one may be on its way out still, or the tier on its way in. */
static bool attach(struct helper *h)
{
	h->depth = rng_between(&h->rng, 1, MAX_DEPTH);
	while ((h->fd = remote_attach(POOL, h->depth, &h->stride)) < 0) {
		if (atomic_load(&h->sh->stop) || atomic_load(&h->sh->failed))
			return false;
		if (h->fd != -EBUSY && h->fd != -ENOENT && h->fd != -ENOMEM) {
			complain(h->sh, "REMOTE_ATTACH: %s", strerror(-h->fd));
			return false;
		}
		usleep(1000);
	}
	h->map = mmap(NULL, (size_t)h->stride * h->depth, PROT_READ | PROT_WRITE,
		      MAP_SHARED, h->fd, 0);
	return h->map != MAP_FAILED &&
	       !io_uring_queue_init(2 * MAX_DEPTH, &h->ring, 0);
}

/* The body of the process. Returns its exit status. */
int pool_run(const struct plan *plan, struct shared *sh, struct pool *pool,
	     uint64_t seed)
{
	struct helper h = {
		.plan = plan,
		.sh = sh,
		.pool = pool,
		.rng.state = seed,
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	h.space_fd = space_open(SPACE, O_RDWR);
	if (h.space_fd < 0) {
		complain(sh, "pool: cannot open the space: %s",
			 strerror(-h.space_fd));
		return 1;
	}
	if (attach(&h))
		work(&h);
	return atomic_load(&sh->failed);
}
