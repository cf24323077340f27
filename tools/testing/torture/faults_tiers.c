// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-faults: an nvme tier, a remote one with a helper that is another process, and
 * commands by io_uring. Faults are injected into calls, not into what workers do for
 * them later: that is torture's.
 */
#include <errno.h>
#include <liburing.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"

#define PATIENCE_MS	60000
#define FILLERS		40		/* of other blocks at a time */

static struct pool *pool;
static struct shared *shared;
static pid_t helper;
static struct io_uring ring;

static void must(const char *what, int err)
{
	if (err)
		complain(NULL, "kvtier-faults: %s: %s", what, strerror(-err));
}

/* ------------------------------------------------------------------ by io_uring */

static int by_ring(uint32_t op)
{
	struct kvt_batch b = {
		.size = sizeof(b),
		.op = op,
		.nr = NR,
		.entries = (uintptr_t)entries,
	};
	struct kvt_uring_submit arg = { .batch = (uintptr_t)&b };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	struct io_uring_cqe *cqe;
	int ret;

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = KVT_URING_SUBMIT;
	memcpy(sqe->cmd, &arg, sizeof(arg));
	ret = io_uring_submit(&ring);
	if (ret < 0)
		return ret;
	while (io_uring_wait_cqe(&ring, &cqe))
		;
	ret = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return ret ? ret : batch_error(&b);
}

static int get_by_ring(void)
{
	uint32_t i;

	set_entries(true);
	for (i = 0; i < NR; i++)
		entries[i].len = BLOCK;
	return by_ring(KVT_OP_GET);
}

static int put_by_ring(void)
{
	uint32_t i;

	set_entries(true);
	for (i = 0; i < NR; i++)
		pattern_fill(&plan, i, buf + i * BLOCK);
	return by_ring(KVT_OP_PUT);
}

static int acquire_by_ring(void)
{
	set_entries(false);
	return by_ring(KVT_OP_ACQUIRE);
}

static void undo_put(void)
{
	reopen();
	drop();
}

/* ----------------------------------------------------------------------- nvme */

static int add_nvme(void)
{
	return nvme_attach();
}

static void undo_add_nvme(void)
{
	tier_remove(NVME);
}

static int give_nvme(void)
{
	return space_resize(SPACE, NVME, nvme_quota(&plan));
}

static int shrink_nvme(void)
{
	return space_resize(SPACE, NVME, nvme_quota(&plan) / 2);
}

static void undo_shrink_nvme(void)
{
	give_nvme();
}

static int take_nvme(void)
{
	return space_resize(SPACE, NVME, 0);
}

static void undo_give_nvme(void)
{
	take_nvme();
}

static void undo_take_nvme(void)
{
	give_nvme();
}

/* Where block @i is, or -ENOENT: the pool is not asked */
static int tier_of(uint32_t i)
{
	struct kvt_entry e = {};
	struct kvt_batch b = {
		.size = sizeof(b),
		.op = KVT_OP_LOOKUP,
		.nr = 1,
		.entries = (uintptr_t)&e,
	};
	struct key key = plan_key(&plan, i);

	memcpy(e.key, key.b, sizeof(key.b));
	return !ioctl(fd, KVT_IOC_SUBMIT, &b) && b.ok ?
	       (int)(e.result & KVT_RES_TIER_MASK) : -ENOENT;
}

/* Another block, which goes to the pool, too. */
static void fill_one(uint32_t n)
{
	struct kvt_entry e = { .addr = (uintptr_t)buf };
	struct kvt_batch b = {
		.size = sizeof(b),
		.op = KVT_OP_PUT,
		.flags = KVT_F_WAIT,
		.timeout_ns = PATIENCE_MS * 1000000ULL,
		.nr = 1,
		.entries = (uintptr_t)&e,
	};
	struct key key = plan_key(&plan, 1000 + n);

	memcpy(e.key, key.b, sizeof(key.b));
	pattern_fill(&plan, 1000 + n, buf);
	must("fill memory", ioctl(fd, KVT_IOC_SUBMIT, &b) ? -errno :
			    e.result < 0 ? e.result : 0);
}

/* How many of our blocks, from the first, are on nvme only */
static uint32_t nr_cold(void)
{
	uint32_t i;

	for (i = 0; i < NR && tier_of(i) == KVT_TIER_NVME; i++)
		;
	return i;
}

static bool becomes(const char *attr, long long least)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	long long is;

	while ((is = space_attr(SPACE, attr)) < least && now_ms() < end)
		usleep(1000);
	return is >= least;
}

/*
 * Our blocks are on nvme only, and there are frames for them. Put anew: not the next to
 * go from there, too.
 */
static void chill(void)
{
	static uint32_t next;
	uint64_t end = now_ms() + PATIENCE_MS;
	uint32_t n, cold;

	reopen();
	drop();
	while ((cold = nr_cold()) < NR && now_ms() < end) {
		if (tier_of(cold) < 0)
			put();	/* or some of them: there may be no room just now */
		for (n = 0; n < FILLERS; n++)
			fill_one(next++);
	}
	must("have blocks on nvme", cold < NR ? -ETIMEDOUT : 0);
	must("have free frames", becomes("arena0/free", NR) ? 0 : -ETIMEDOUT);
}

/* What came has its bytes. */
static void check_bytes(void)
{
	uint32_t i;

	for (i = 0; i < NR; i++)
		if (entries[i].result >= 0 &&
		    !pattern_is(&plan, i, 0, buf + i * BLOCK, BLOCK))
			complain(NULL, "kvtier-faults: wrong bytes of block %u", i);
}

static int get_checked(void)
{
	int err = get();

	if (!err)
		check_bytes();
	return err;
}

static int get_by_ring_checked(void)
{
	int err = get_by_ring();

	if (!err)
		check_bytes();
	return err;
}

static const struct step nvme_steps[] = {
	{ "add an nvme tier", add_nvme, undo_add_nvme },
	{ "add an arena on nvme", give_nvme, undo_give_nvme },
	{ "shrink an arena on nvme", shrink_nvme, undo_shrink_nvme },
	{ "put, by io_uring", put_by_ring, undo_put },
	{ "get from nvme", get_checked, chill },
	{ "get from nvme, by io_uring", get_by_ring_checked, chill },
	{ "acquire from nvme", acquire, chill },
	{ "acquire from nvme, by io_uring", acquire_by_ring, chill },
	{ "prefetch from nvme", prefetch, chill },
	{ "take nvme away", take_nvme, undo_take_nvme },
};

static int remove_nvme(void)
{
	return tier_remove(NVME);
}

static void again_add_nvme(void)
{
	add_nvme();
}

static const struct step nvme_last = {
	"remove an nvme tier", remove_nvme, again_add_nvme
};

void run_nvme(void)
{
	must("make a ring", io_uring_queue_init(8, &ring, 0));
	/* It is made with a tier on it. */
	must("make a device", nvme_make(&plan));
	must("remove a tier", tier_remove(NVME));
	must("watermark", space_knob_number(SPACE, "high_watermark", 200) ?:
	     space_knob_number(SPACE, "low_watermark", 150));
	run_steps(nvme_steps, sizeof(nvme_steps) / sizeof(nvme_steps[0]));
	run_steps(&nvme_last, 1);
	nvme_remove_device();
	io_uring_queue_exit(&ring);
}

/* --------------------------------------------------------------------- remote */

static int add_remote(void)
{
	return remote_add(POOL);
}

static void undo_add_remote(void)
{
	tier_remove(POOL);
}

static int helper_fd = -1;

static int attach_helper(void)
{
	uint32_t stride;

	helper_fd = remote_attach(POOL, 4, &stride);
	return helper_fd < 0 ? helper_fd : 0;
}

/* With its last file it goes. */
static void undo_attach(void)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	if (helper_fd >= 0)
		close(helper_fd);
	helper_fd = -1;
	while (tier_attr(POOL, "helper") > 0 && now_ms() < end)
		usleep(1000);
}

static int set_remote(void)
{
	return space_knob(SPACE, "remote", POOL);
}

static void undo_set_remote(void)
{
	space_knob(SPACE, "remote", "none");
}

static void start_helper(void)
{
	undo_attach();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pool = pool_new(&plan, true);
	must("have memory", shared == MAP_FAILED || !pool ? -ENOMEM : 0);
	helper = fork();
	if (!helper)
		_exit(pool_run(&plan, shared, pool, 1));
	must("fork", helper < 0 ? -errno : 0);
}

/* Our blocks are on the pool only. */
static void send_away(void)
{
	long long spills = space_attr(SPACE, "stats/spills");

	reopen();
	batch(KVT_OP_DROP, KVT_F_LOCAL);
	must("put", put());
	must("spill", becomes("stats/spills", spills + NR) ? 0 : -ETIMEDOUT);
	set_entries(false);
	must("drop", batch(KVT_OP_DROP, KVT_F_LOCAL));
}

static bool is_here(void)
{
	uint32_t i;

	for (i = 0; i < NR && tier_of(i) < 0; i++)
		;
	return i < NR;
}

/* They are there already. */
static void send_away_again(void)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	reopen();
	/* What is still being fetched is none that can be dropped. */
	do {
		set_entries(false);
		batch(KVT_OP_DROP, KVT_F_LOCAL);
	} while ((space_attr(SPACE, "filling") > 0 || is_here()) && now_ms() < end);
	must("drop what is here", now_ms() < end ? 0 : -ETIMEDOUT);
}

static int drain(void)
{
	return space_knob(SPACE, "drain/on", "1");
}

static void undo_drain(void)
{
	space_knob(SPACE, "drain/on", "0");
}

/* What is absent here is said to be, whatever the pool is asked for. */
static int but_absent(int err)
{
	return err == -ENOENT ? 0 : err;
}

static int prefetch_there(void)
{
	return but_absent(prefetch());
}

static int drop_there(void)
{
	return but_absent(drop());
}

static void undo_drop_there(void)
{
	send_away();
}

static const struct step remote_steps[] = {
	{ "add a remote tier", add_remote, undo_add_remote },
	{ "attach a helper", attach_helper, undo_attach },
	{ "have a remote tier", set_remote, undo_set_remote },
};

static const struct step pool_steps[] = {
	{ "drain", drain, undo_drain },
	{ "get from the pool", get_checked, send_away_again },
	{ "get from the pool, by io_uring", get_by_ring_checked, send_away_again },
	{ "acquire from the pool", acquire, send_away_again },
	{ "acquire from the pool, by io_uring", acquire_by_ring, send_away_again },
	{ "prefetch from the pool", prefetch_there, send_away_again },
	{ "drop on the pool", drop_there, undo_drop_there },
};

static void end_helper(void)
{
	if (helper <= 0)
		return;
	kill(helper, SIGKILL);
	waitpid(helper, NULL, 0);
}

void run_remote(void)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	int err;

	must("make a ring", io_uring_queue_init(8, &ring, 0));
	run_steps(remote_steps, sizeof(remote_steps) / sizeof(remote_steps[0]));
	start_helper();
	must("remote_write", space_knob(SPACE, "remote_write", "through"));
	reopen();
	drop();
	send_away();
	run_steps(pool_steps, sizeof(pool_steps) / sizeof(pool_steps[0]));
	end_helper();
	must("helper", atomic_load(&shared->failed) ? -EIO : 0);
	undo_set_remote();
	while ((err = tier_remove(POOL)) == -EBUSY && now_ms() < end)
		usleep(1000);
	must("remove the remote tier", err);
	io_uring_queue_exit(&ring);
}
