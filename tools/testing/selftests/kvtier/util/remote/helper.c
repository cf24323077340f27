// SPDX-License-Identifier: GPL-2.0
/* A thread that answers for a remote tier, from a pool in memory. */
#include "pool.h"
#include "uring.h"
#include "../../../../../../kmod/trailer.h"

#define TICK_MS 5	/* how soon the thread notices what is not a request */

/**
 * struct kst_helper - a thread that answers
 * @pool: what it answers from
 * @thread: it
 * @channel: the thread's own
 * @space: name of the space whose file @space_fd is; empty: none
 * @space_fd: the thread's own
 * @got: by tag: when its request came, ms; 0: it has none
 * @stop: it is to end
 * @let_go: it is to close @space_fd
 */
struct kst_helper {
	struct kst_pool *pool;
	pthread_t thread;
	struct kst_channel channel;
	char space[KVT_NAME_SIZE];
	int space_fd;
	__u64 got[KVT_REMOTE_MAX_DEPTH];
	bool stop;
	bool let_go;
};

static void close_space(struct kst_helper *h)
{
	if (*h->space)
		close(h->space_fd);
	*h->space = 0;
}

static char *map_frame(struct kst_helper *h, const struct kvt_remote_desc *d,
		       __u64 offset)
{
	if (strncmp(h->space, (const char *)d->space, KVT_NAME_SIZE)) {
		close_space(h);
		h->space_fd = kst_open((const char *)d->space, O_RDWR);
		if (h->space_fd < 0)
			return NULL;
		memcpy(h->space, d->space, KVT_NAME_SIZE);
	}
	return kst_map(h->space_fd, offset, d->block_size,
		       PROT_READ | PROT_WRITE);
}

static int serve_block(struct kst_helper *h, struct kvt_remote_desc *d, __u32 i,
		       char *trailer)
{
	bool has_bytes = d->op == KVT_REMOTE_FETCH || d->op == KVT_REMOTE_SPILL;
	const struct kvt_remote_block *rb = &d->blocks[i];
	char *frame = has_bytes ? map_frame(h, d, rb->offset) : NULL;
	int ret;

	ret = kst_pool_carry_out(h->pool, d->op, d->flags, rb, frame, trailer);
	if (frame)
		munmap(frame, d->block_size);
	return ret;
}

static bool makes_sense(struct kst_pool *p, const struct kvt_remote_desc *d)
{
	__u32 trailer = d->op == KVT_REMOTE_FETCH || d->op == KVT_REMOTE_SPILL ?
			kvt_trailer_bytes(p->block_size) : 0;

	return d->id && d->op <= KVT_REMOTE_DROP && d->nr &&
	       d->nr <= KVT_REMOTE_BATCH && d->block_size == p->block_size &&
	       d->trailer_size == trailer && !d->pad;
}

/* A commit that is to fail. Its completion says with what. */
static void commit_wrong(struct kst_helper *h, __u32 tag, __u64 id, __u32 as_tag,
			 int expect)
{
	struct io_uring_sqe *sqe = kst_remote_sqe(&h->channel,
						  KVT_URING_COMMIT_REQ, tag, id);
	struct kvt_uring_remote u = {
		.tag = as_tag, .id = id, .pad = expect == EINVAL && as_tag == tag,
	};

	memcpy(sqe->cmd, &u, sizeof(u));
	sqe->user_data = (__u64)expect << 32 | tag;
	io_uring_submit(&h->channel.ring);
}

static void misbehave(struct kst_helper *h, __u32 tag, struct kvt_remote_desc *d)
{
	struct kst_pool *p = h->pool;

	if (KST_LOCKED(p, kst_one_more(&p->ways.bad_status))) {
		static const int bad[] = { 1, -4096, INT32_MIN, INT32_MAX };
		unsigned int i;

		for (i = 0; i < 4; i++) {
			struct io_uring_sqe *sqe;

			d->blocks[d->nr - 1].status = bad[i];
			sqe = kst_remote_sqe(&h->channel, KVT_URING_COMMIT_REQ,
					     tag, d->id);
			sqe->user_data = (__u64)EINVAL << 32 | tag;
			io_uring_submit(&h->channel.ring);
		}
	}
	if (KST_LOCKED(p, kst_one_more(&p->ways.bad_id))) {
		commit_wrong(h, tag, d->id + 1, tag, ESTALE);
		commit_wrong(h, tag, 0, tag, ESTALE);
		commit_wrong(h, tag, d->id, h->channel.arg.depth, EINVAL);
		commit_wrong(h, tag, d->id, ~0U, EINVAL);
		commit_wrong(h, tag, d->id, tag, EINVAL);
	}
}

static void answer(struct kst_helper *h, __u32 tag)
{
	struct kvt_remote_desc *d = kst_desc(&h->channel, tag);
	struct kst_pool *p = h->pool;
	__s32 status[KVT_REMOTE_BATCH];
	bool fail = KST_LOCKED(p, !!(p->ways.fail & 1U << d->op));
	__u64 id = d->id;
	__u32 i;

	for (i = 0; i < d->nr; i++)
		status[i] = fail ? -EIO :
			    serve_block(h, d, i, kst_trailer(&h->channel, tag, i));
	misbehave(h, tag, d);
	for (i = 0; i < d->nr; i++)
		d->blocks[i].status = status[i];
	h->got[tag] = 0;
	/* Before who asked can see the answer. */
	KST_LOCKED(p, p->pending--);
	kst_remote_answer(&h->channel, tag, id);
	if (KST_LOCKED(p, kst_one_more(&p->ways.twice)))
		commit_wrong(h, tag, id, tag, ESTALE);
}

static bool is_ready(struct kst_helper *h, __u32 tag)
{
	const struct kvt_remote_desc *d = kst_desc(&h->channel, tag);
	struct kst_ways ways = kst_pool_ways_left(h->pool);
	__u64 age = kst_now_ms() - h->got[tag];

	if (ways.hold & 1U << d->op || age < ways.delay_ms)
		return false;
	if (d->op != KVT_REMOTE_EXISTS || !d->wait_ns)
		return true;
	return !kst_pool_carry_out(h->pool, d->op, 0, &d->blocks[0], NULL, NULL) ||
	       age >= d->wait_ns / 1000000;
}

static void note_request(struct kst_helper *h, __u32 tag)
{
	const struct kvt_remote_desc *d = kst_desc(&h->channel, tag);
	struct kst_pool *p = h->pool;

	h->got[tag] = kst_now_ms();
	pthread_mutex_lock(&p->lock);
	p->wrong += !makes_sense(p, d);
	p->asked[d->op % 4] += d->nr;
	p->requests[d->op % 4]++;
	p->pending++;
	pthread_mutex_unlock(&p->lock);
}

static void is_wrong(struct kst_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->wrong++;
	pthread_mutex_unlock(&p->lock);
}

static void take_requests(struct kst_helper *h)
{
	unsigned int ms = TICK_MS;
	int res, expect;
	__u64 data;

	while (!kst_reap(&h->channel.ring, ms, &data, &res)) {
		ms = 0;
		expect = data >> 32;
		if (res == 0 && !expect)
			note_request(h, data);
		else if (res != -expect)
			is_wrong(h->pool);
	}
}

static void *helper_thread(void *arg)
{
	struct kst_helper *h = arg;
	__u32 i;

	for (i = 0; i < h->channel.arg.depth; i++)
		kst_remote_arm(&h->channel, i);
	while (!__atomic_load_n(&h->stop, __ATOMIC_ACQUIRE)) {
		take_requests(h);
		for (i = 0; i < h->channel.arg.depth; i++)
			if (h->got[i] && is_ready(h, i))
				answer(h, i);
		if (__atomic_load_n(&h->let_go, __ATOMIC_ACQUIRE)) {
			close_space(h);
			__atomic_store_n(&h->let_go, false, __ATOMIC_RELEASE);
		}
	}
	return NULL;
}

struct kst_helper *kst_helper_start(struct kst_pool *p, const char *tier,
				    __u32 depth)
{
	struct kst_helper *h = calloc(1, sizeof(*h));
	int err;

	h->pool = p;
	err = -kst_channel_open(&h->channel, tier, depth);
	if (!err) {
		err = pthread_create(&h->thread, NULL, helper_thread, h);
		if (!err)
			return h;
		kst_channel_close(&h->channel);
	}
	free(h);
	errno = err;
	return NULL;
}

int kst_helper_stop(struct kst_helper *h)
{
	__u32 i;
	int err;

	__atomic_store_n(&h->stop, true, __ATOMIC_RELEASE);
	pthread_join(h->thread, NULL);
	close_space(h);
	for (i = 0; i < h->channel.arg.depth; i++)
		KST_LOCKED(h->pool, h->pool->pending -= !!h->got[i]);
	err = kst_channel_close(&h->channel);
	free(h);
	return err;
}

void kst_helper_let_go(struct kst_helper *h)
{
	__atomic_store_n(&h->let_go, true, __ATOMIC_RELEASE);
	KST_UNTIL(!__atomic_load_n(&h->let_go, __ATOMIC_ACQUIRE));
}
