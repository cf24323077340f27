// SPDX-License-Identifier: GPL-2.0
/* What no engine does: fork with leases, madvise on maps, garbage commands. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "torture.h"

/* A child that shares our open file, and may outlive us for a moment. */
void act_fork(struct worker *w)
{
	unsigned int us = rng_below(&w->rng, 20000);
	pid_t pid = fork();

	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w->has_ring = false;
	act_get(w);
	usleep(us);
	_exit(0);
}

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[4096];

	if (fd < 0)
		return;
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/* What get_user_pages() of another process would do. */
static void peek(const char *p, size_t len)
{
	char buf[4096];
	struct iovec local = { buf, len < 4096 ? len : 4096 };
	struct iovec remote = { (void *)p, local.iov_len };

	process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

/* Move a map elsewhere: it is not ours any more, so it goes. */
static void move(char *from, size_t len)
{
	void *to = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (to == MAP_FAILED)
		return;
	mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	munmap(to, len);
}

static void poke_range(struct worker *w, struct map *m, size_t at, size_t len)
{
	unsigned char vec[512];
	char *p = m->p + at;

	switch (rng_below(&w->rng, 12)) {
	case 0:
		madvise(p, len, MADV_DONTNEED);
		break;
	case 1:
		madvise(p, len, MADV_POPULATE_READ);
		break;
	case 2:
		madvise(p, len, MADV_PAGEOUT);
		break;
	case 3:
		madvise(p, len, MADV_COLD);
		break;
	case 4:
		mprotect(p, len, PROT_NONE);
		mprotect(p, len, PROT_READ);
		maps_drop(w);
		break;
	case 5:
		mlock(p, len);
		munlock(p, len);
		break;
	case 6:
		mincore(p, len < sizeof(vec) * 4096 ? len : sizeof(vec) * 4096,
			vec);
		break;
	case 7:
		msync(p, len, MS_SYNC | MS_INVALIDATE);
		break;
	case 8:
		munmap(p, len);
		maps_drop(w);
		break;
	case 9:
		peek(p, len);
		break;
	case 10:
		madvise(p, len, MADV_REMOVE);
		madvise(p, len, MADV_HUGEPAGE);
		madvise(p, len, MADV_FREE);
		break;
	case 11:
		move(p, len);
		maps_drop(w);
		break;
	}
}

/* Something odd to a piece of a map; whatever it does, bytes stay right. */
void act_poke(struct worker *w)
{
	struct map *maps[] = {
		&w->window[0], &w->window[1], &w->status[0], &w->slots,
	};
	struct map *m = maps[rng_below(&w->rng, 4)];
	size_t pages, at;

	if (rng_one_in(&w->rng, 16))
		read_file("/proc/self/smaps");
	if (rng_one_in(&w->rng, 16))
		read_file("/proc/self/numa_maps");
	if (!m->p)
		return;
	pages = m->len / 4096;
	at = rng_below(&w->rng, pages);
	poke_range(w, m, at * 4096,
		   (size_t)rng_between(&w->rng, 1, pages - at < 1024 ?
				       pages - at : 1024) * 4096);
}

static uint64_t odd_address(struct worker *w)
{
	const uint64_t some[] = {
		0, 8, 4, ~0ULL, ~0ULL - 4095, 1ULL << 63, 0xffff888000000000ULL,
		0x7ffffffff000ULL, (uintptr_t)w->e, (uintptr_t)w->e,
		(uintptr_t)w->e, (uintptr_t)w->e,
	};

	return some[rng_below(&w->rng, sizeof(some) / sizeof(some[0]))];
}

static void odd_entry(struct worker *w, struct kvt_entry *e, bool good_key)
{
	struct key key = plan_key(w->plan, rng_below(&w->rng,
						     plan_nr_keys(w->plan)));

	memset(e, 0, sizeof(*e));
	if (good_key)
		memcpy(e->key, key.b, sizeof(key.b));
	else
		e->key[0] = rng_below(&w->rng, 3);
	e->slot = rng_one_in(&w->rng, 2) ? rng_below(&w->rng, 512) :
		rng_next(&w->rng);
	if (rng_one_in(&w->rng, 4))
		e->len = rng_next(&w->rng) >> rng_below(&w->rng, 64);
	if (rng_one_in(&w->rng, 8))
		e->pos = rng_next(&w->rng) >> rng_below(&w->rng, 64);
	/* Never where GET could write over something of ours. */
	if (rng_one_in(&w->rng, 2))
		e->addr = rng_one_in(&w->rng, 2) ? 4096 : ~4095ULL;
}

/*
 * A batch that makes little sense. No COMMIT, and no PUT from memory that can be
 * read: blocks with other bytes than their key's would fail the checks.
 */
static void odd_batch(struct worker *w)
{
	uint32_t nrs[] = { 0, 1, 2, MAX_BATCH, MAX_BATCH, MAX_BATCH,
			   KVT_MAX_BATCH + 1, ~0U };
	uint32_t op = rng_below(&w->rng, 12), i;
	struct kvt_batch *b = &w->b;

	batch_begin(w, op == KVT_OP_COMMIT ? KVT_OP_LOOKUP : op, MAX_BATCH);
	for (i = 0; i < MAX_BATCH; i++)
		odd_entry(w, &w->e[i], !rng_one_in(&w->rng, 20));
	b->nr = nrs[rng_below(&w->rng, 8)];
	if (rng_one_in(&w->rng, 3))
		b->entries = odd_address(w);
	if (rng_one_in(&w->rng, 3))
		b->flags = rng_below(&w->rng, 256);
	if (rng_one_in(&w->rng, 16))
		b->flags = rng_next(&w->rng);
	if (b->flags & KVT_F_WAIT || rng_one_in(&w->rng, 16))
		b->timeout_ns = rng_one_in(&w->rng, 8) ? rng_next(&w->rng) |
			1ULL << 63 : 1000000;
	if (rng_one_in(&w->rng, 8))
		b->class_id = rng_next(&w->rng);
	if (rng_one_in(&w->rng, 8))
		b->tier = rng_below(&w->rng, 4);
	if (rng_one_in(&w->rng, 16))
		b->pad2 = 1;
	if (rng_one_in(&w->rng, 8))
		b->size = rng_below(&w->rng, 5000);
}

static void odd_ioctl(struct worker *w, int fd)
{
	static const unsigned long cmds[] = {
		KVT_IOC_SPACE_INFO, KVT_IOC_ATTACH, KVT_IOC_SUBMIT,
		KVT_IOC_VERSION, KVT_IOC_TIER_ADD, 0, ~0UL,
	};
	unsigned long cmd = cmds[rng_below(&w->rng, 7)];

	/* INFO writes to its argument: only the batch may be hit. */
	w->b.size = sizeof(w->b);
	ioctl(fd, cmd, rng_one_in(&w->rng, 2) ? 4096UL :
	      (unsigned long)(uintptr_t)&w->b);
}

/* On a file of its own, so that our leases and fills stay what they are. */
void act_garbage(struct worker *w)
{
	static const int modes[] = { O_RDWR, O_RDONLY, O_WRONLY };
	int flags = modes[rng_below(&w->rng, 3)];
	int fd = space_open(SPACE, flags);
	unsigned int i;

	if (fd < 0)
		return;
	for (i = 0; i < 8; i++) {
		odd_batch(w);
		ioctl(fd, KVT_IOC_SUBMIT, rng_one_in(&w->rng, 16) ?
		      (void *)(uintptr_t)odd_address(w) : &w->b);
	}
	odd_ioctl(w, fd);
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	munmap(mmap(NULL, 1 << rng_between(&w->rng, 12, 30), PROT_READ,
		    MAP_SHARED, fd, rng_next(&w->rng) >>
		    rng_between(&w->rng, 1, 52) << 12), 4096);
	close(fd);
}

static void expect(struct worker *w, const char *what, int got, int want)
{
	if (got != want && !(got == ENOMEM && may_lack_memory(w)))
		complain(w->sh, "%s: %s instead of %s", what, strerror(got),
			 strerror(want));
}

/* A file that stated a wrong identity is refused, a right one is not. */
void act_identity(struct worker *w)
{
	struct kvt_attach a = { .size = sizeof(a) };
	int fd = space_open(SPACE, O_RDONLY);
	bool right = rng_one_in(&w->rng, 2);
	int want = right ? 0 : EKEYREJECTED;

	if (fd < 0)
		return;
	identity_of(w->plan, a.identity);
	if (!right)
		a.identity[rng_below(&w->rng, KVT_IDENTITY_SIZE)] ^= 1;
	expect(w, "ATTACH", ioctl(fd, KVT_IOC_ATTACH, &a) ? errno : 0, want);
	batch_random(w, KVT_OP_LOOKUP, 4);
	expect(w, "LOOKUP after ATTACH",
	       ioctl(fd, KVT_IOC_SUBMIT, &w->b) ? errno : 0, want);
	close(fd);
}
