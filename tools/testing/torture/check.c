// SPDX-License-Identifier: GPL-2.0
/* What must be true of a space that nobody uses any more. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "torture.h"

/* Background work may take its time on a slow machine. */
#define PATIENCE_MS	60000

static bool becomes(struct shared *sh, const char *attr, long long want)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	long long is;

	while ((is = space_attr(SPACE, attr)) != want && now_ms() < end)
		usleep(20000);
	if (is != want)
		complain(sh, "nobody has the space open, and %s is %lld instead of %lld",
			 attr, is, want);
	return is == want;
}

static long long arena(int i, const char *attr)
{
	char name[32];
	long long value;

	snprintf(name, sizeof(name), "arena%d/%s", i, attr);
	value = space_attr(SPACE, name);
	return value > 0 ? value : 0;
}

/* Sums @attr over the arenas. */
static long long arenas(const char *attr)
{
	long long sum = 0;
	int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++)
		sum += arena(i, attr);
	return sum;
}

/* Blocks in memory: those of arenas that have frames. */
static long long held_frames(void)
{
	long long sum = 0;
	int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++)
		if (arena(i, "frames"))
			sum += arena(i, "blocks");
	return sum;
}

/* Each frame is free or holds a block. Eviction may be under way at first. */
static bool frames_add_up(struct shared *sh)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	long long frames, free, held, blocks, all;

	do {
		usleep(20000);
		frames = arenas("frames");
		free = arenas("free");
		held = held_frames();
		all = arenas("blocks");
		blocks = space_attr(SPACE, "blocks");
		if (frames == free + held && all == blocks)
			return true;
	} while (now_ms() < end);
	complain(sh, "frames are lost: %lld frames, %lld free, blocks in memory %lld, in arenas %lld, blocks %lld",
		 frames, free, held, all, blocks);
	return false;
}

static int one(int fd, uint32_t op, struct kvt_entry *e)
{
	struct kvt_batch b = {
		.size = sizeof(b),
		.op = op,
		.nr = 1,
		.entries = (uintptr_t)e,
	};

	return ioctl(fd, KVT_IOC_SUBMIT, &b) ? -errno : e->result;
}

/* Read what is there, then drop it. */
static bool check_key(const struct plan *p, struct shared *sh, int fd,
		      uint32_t keyno, void *buf)
{
	struct key key = plan_key(p, keyno);
	struct kvt_entry e = {
		.addr = (uintptr_t)buf,
		.len = p->block_size,
	};
	uint64_t end = now_ms() + PATIENCE_MS;
	char text[128];
	int ret;

	memcpy(e.key, key.b, sizeof(key.b));
	/* It is on nvme, and what is to make room for it is being written. */
	while ((ret = one(fd, KVT_OP_GET, &e)) == -ENOSPC && now_ms() < end)
		usleep(1000);
	if (ret == -ENOENT)
		return true;
	if (ret < 0) {
		complain(sh, "GET of key %u: %s", keyno, strerror(-ret));
		return false;
	}
	atomic_fetch_add(&sh->verified, 1);
	if (!pattern_is(p, keyno, 0, buf, p->block_size)) {
		pattern_explain(p, keyno, buf, text, sizeof(text));
		complain(sh, "wrong bytes of key %u in the end, %s", keyno, text);
		return false;
	}
	e.addr = 0;
	e.len = 0;
	ret = one(fd, KVT_OP_DROP, &e);
	if (ret && ret != -ENOENT)	/* evicted meanwhile */
		complain(sh, "DROP of key %u: %s", keyno, strerror(-ret));
	return true;
}

static bool check_keys(const struct plan *p, struct shared *sh)
{
	void *buf = malloc(p->block_size);
	int fd = space_open(SPACE, O_RDWR);
	uint32_t keyno;
	bool ok = buf && fd >= 0;

	if (fd < 0)
		complain(sh, "cannot open the space: %s", strerror(-fd));
	for (keyno = 0; ok && keyno < plan_nr_keys(p); keyno++)
		ok = check_key(p, sh, fd, keyno, buf);
	if (fd >= 0)
		close(fd);
	free(buf);
	return ok;
}

static bool remove_tier(struct shared *sh, const char *tier)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	long long size, free;
	int err;

	do {
		size = tier_attr(tier, "size");
		free = tier_attr(tier, "free");
		usleep(20000);
	} while (size != free && now_ms() < end);
	if (size != free)
		complain(sh, "tier %s has no space, and %lld bytes free of %lld",
			 tier, free, size);
	err = tier_remove(tier);
	if (err)
		complain(sh, "TIER_REMOVE of %s: %s", tier, strerror(-err));
	return !err && size == free;
}

/* What was found on a tier that came back is the space's, or will be. */
static bool is_recovered(struct shared *sh)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	long long left;

	while ((left = tier_attr(NVME, "recovering")) > 0 && now_ms() < end)
		usleep(20000);
	if (left > 0)
		complain(sh, "%lld segments are still to be read", left);
	return left <= 0;
}

/* All have gone: what they held came back, bytes are right, memory returns. */
bool check_quiet(const struct plan *p, struct shared *sh)
{
	static const char *const nothing[] = {
		"openers", "filling", "leases", "dropped_held", "quarantined",
	};
	unsigned int i;
	int err;

	for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (!becomes(sh, nothing[i], 0))
			return false;
	if (!is_recovered(sh) || !frames_add_up(sh) || !check_keys(p, sh))
		return false;
	if (!becomes(sh, "blocks", 0) || !becomes(sh, "descriptors", 0) ||
	    !frames_add_up(sh))
		return false;
	err = space_delete(SPACE);
	if (err) {
		complain(sh, "SPACE_DELETE: %s", strerror(-err));
		return false;
	}
	return remove_tier(sh, DRAM) && remove_tier(sh, CXL) &&
	       (!p->nvme || remove_tier(sh, NVME)) &&
	       (!p->pool || remove_tier(sh, POOL));
}
