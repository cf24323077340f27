// SPDX-License-Identifier: GPL-2.0
/* kvtier-faults: calls to tiers of memory and a space on them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"

struct plan plan = {
	.seed = 1,
	.factor = 0x9e3779b97f4a7c15ULL,
	.block_size = BLOCK,
	.nr_chains = 1,
	.chain_len = NR,
};

int fd = -1;
struct kvt_entry entries[NR];
char buf[NR * BLOCK];
static char *window;
static char *slots;

/* Some commands go on behind an entry that failed. */
int batch_error(const struct kvt_batch *b)
{
	uint32_t i;

	for (i = 0; i < b->done; i++)
		if (entries[i].result < 0)
			return entries[i].result;
	return b->ok == NR ? 0 : -EPROTO;
}

int batch(uint32_t op, uint32_t flags)
{
	struct kvt_batch b = {
		.size = sizeof(b),
		.op = op,
		.flags = flags,
		.nr = NR,
		.entries = (uintptr_t)entries,
	};
	int ret = ioctl(fd, KVT_IOC_SUBMIT, &b) ? -errno : 0;

	return ret ? ret : batch_error(&b);
}

void set_entries(bool data)
{
	uint32_t i;

	memset(entries, 0, sizeof(entries));
	for (i = 0; i < NR; i++) {
		struct key key = plan_key(&plan, i);

		memcpy(entries[i].key, key.b, sizeof(key.b));
		if (data)
			entries[i].addr = (uintptr_t)buf + i * BLOCK;
	}
}

void reopen(void)
{
	if (fd >= 0)
		close(fd);
	fd = space_open(SPACE, O_RDWR);
}

static int add_tier(void)
{
	return tier_add(DRAM, KVT_TIER_DRAM, 0, TIER_BYTES);
}

static void undo_add_tier(void)
{
	tier_remove(DRAM);
}

static int add_cxl(void)
{
	return tier_add(CXL, KVT_TIER_CXL, plan.cxl_node, TIER_BYTES);
}

static void undo_add_cxl(void)
{
	tier_remove(CXL);
}

static int grow_tier(void)
{
	return tier_resize(DRAM, TIER_BYTES + 2 * CHUNK);
}

static void undo_grow_tier(void)
{
	tier_resize(DRAM, TIER_BYTES);
}

static int create(void)
{
	return space_create(&plan, SPACE, QUOTA, QUOTA);
}

static void undo_create(void)
{
	space_delete(SPACE);
}

static int open_space(void)
{
	fd = space_open(SPACE, O_RDWR);
	return fd < 0 ? fd : 0;
}

static void undo_open(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static int info(void)
{
	struct kvt_space_info i = { .size = sizeof(i) };

	return ioctl(fd, KVT_IOC_SPACE_INFO, &i) ? -errno : 0;
}

static int attach(void)
{
	struct kvt_attach a = { .size = sizeof(a) };

	identity_of(&plan, a.identity);
	return ioctl(fd, KVT_IOC_ATTACH, &a) ? -errno : 0;
}

/* Without leases and fills. */
static int open_anew(void)
{
	reopen();
	return 0;
}

static int map_window(void)
{
	window = mmap(NULL, QUOTA, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return window == MAP_FAILED ? -errno : 0;
}

static void undo_map(void)
{
	if (window != MAP_FAILED)
		munmap(window, QUOTA);
}

/* A fault that fails for want of memory is tried again by the kernel. */
static int touch_window(void)
{
	size_t i;

	for (i = 0; i < QUOTA; i += 4096)
		((volatile char *)window)[i] = 1;
	return 0;
}

static void undo_touch(void)
{
	madvise(window, QUOTA, MADV_DONTNEED);
}

static int reserve(void)
{
	set_entries(false);
	return batch(KVT_OP_RESERVE, 0);
}

int put(void)
{
	uint32_t i;

	set_entries(true);
	for (i = 0; i < NR; i++)
		pattern_fill(&plan, i, buf + i * BLOCK);
	return batch(KVT_OP_PUT, 0);
}

int drop(void)
{
	set_entries(false);
	return batch(KVT_OP_DROP, 0);
}

/* With no memory, or a fault, on the way: part of it may have been done. */
static void undo_fill(void)
{
	reopen();
	drop();
}

static int commit(void)
{
	return batch(KVT_OP_COMMIT, 0);
}

static void again_fill(void)
{
	undo_fill();
	if (reserve())
		complain(NULL, "commit: cannot reserve again");
}

int acquire(void)
{
	set_entries(false);
	return batch(KVT_OP_ACQUIRE, 0);
}

static int release(void)
{
	return batch(KVT_OP_RELEASE, KVT_F_TOUCH);
}

static void again_acquire(void)
{
	reopen();
	if (acquire())
		complain(NULL, "release: cannot acquire again");
}

static int reserve_lease(void)
{
	set_entries(false);
	return batch(KVT_OP_RESERVE, KVT_F_LEASE);
}

int get(void)
{
	uint32_t i;

	set_entries(true);
	memset(buf, 0, sizeof(buf));
	for (i = 0; i < NR; i++)
		entries[i].len = BLOCK;
	return batch(KVT_OP_GET, 0);
}

static int lookup(void)
{
	set_entries(false);
	return batch(KVT_OP_LOOKUP, 0);
}

int prefetch(void)
{
	set_entries(false);
	return batch(KVT_OP_PREFETCH, 0);
}

static int drop_chain(void)
{
	struct kvt_batch b = {
		.size = sizeof(b),
		.op = KVT_OP_DROP,
		.flags = KVT_F_CHAIN,
		.nr = 1,
		.entries = (uintptr_t)entries,
	};

	set_entries(false);
	return ioctl(fd, KVT_IOC_SUBMIT, &b) ? -errno : entries[0].result;
}

static void undo_drop(void)
{
	undo_fill();
	if (put())
		complain(NULL, "drop: cannot put again");
}

static int map_slots(void)
{
	slots = mmap(NULL, 64 * BLOCK, PROT_READ, MAP_SHARED, fd, 1ULL << 50);
	return slots == MAP_FAILED ? -errno : 0;
}

static void undo_map_slots(void)
{
	if (slots != MAP_FAILED)
		munmap(slots, 64 * BLOCK);
}

static int touch_slots(void)
{
	uint32_t i;

	for (i = 0; i < NR; i++)
		(void)*(volatile char *)(slots + entries[i].slot * BLOCK);
	return 0;
}

static void undo_touch_slots(void)
{
	madvise(slots, 64 * BLOCK, MADV_DONTNEED);
}

static int grow_space(void)
{
	return space_resize(SPACE, DRAM, 3 * CHUNK);
}

static int shrink_space(void)
{
	return space_resize(SPACE, DRAM, CHUNK);
}

static void undo_resize_space(void)
{
	space_resize(SPACE, DRAM, QUOTA);
}

static int take_arena(void)
{
	return space_resize(SPACE, CXL, 0);
}

static int give_arena(void)
{
	return space_resize(SPACE, CXL, QUOTA);
}

static void undo_take_arena(void)
{
	give_arena();
}

static void undo_give_arena(void)
{
	take_arena();
}

static int knob(void)
{
	return space_knob_number(SPACE, "quarantine_ms", 0);
}

static int delete(void)
{
	return space_delete(SPACE);
}

static void undo_delete(void)
{
	create();
}

static int remove_dram(void)
{
	return tier_remove(DRAM);
}

static void again_add_tier(void)
{
	add_tier();
}

static int remove_cxl(void)
{
	return tier_remove(CXL);
}

static void again_add_cxl(void)
{
	add_cxl();
}

void nothing(void)
{
}

/* Each is called once more, without faults, before the next. */
static const struct step memory_steps[] = {
	{ "add a tier", add_tier, undo_add_tier },
	{ "add a cxl tier", add_cxl, undo_add_cxl },
	{ "grow a tier", grow_tier, undo_grow_tier },
	{ "create", create, undo_create },
	{ "set a knob", knob, nothing },
	{ "open", open_space, undo_open },
	{ "info", info, nothing },
	{ "attach", attach, reopen },
	{ "map a window", map_window, undo_map },
	{ "touch a window", touch_window, undo_touch },
	{ "reserve", reserve, undo_fill },
	{ "commit", commit, again_fill },
	{ "drop", drop, undo_drop },
	{ "put", put, undo_fill },
	{ "lookup", lookup, nothing },
	{ "get", get, nothing },
	{ "prefetch", prefetch, nothing },
	{ "acquire", acquire, reopen },
	{ "map slots", map_slots, undo_map_slots },
	{ "touch slots", touch_slots, undo_touch_slots },
	{ "release", release, again_acquire },
	{ "reserve with leases", reserve_lease, reopen },
	{ "open anew", open_anew, nothing },
	{ "shrink a space", shrink_space, undo_resize_space },
	{ "grow a space", grow_space, undo_resize_space },
	{ "take an arena away", take_arena, undo_take_arena },
	{ "add an arena", give_arena, undo_give_arena },
	{ "drop a chain", drop_chain, undo_drop },
};

/* The maps hold the file: they and it go before these. */
static const struct step last_steps[] = {
	{ "delete", delete, undo_delete },
	{ "remove a tier", remove_dram, again_add_tier },
	{ "remove a cxl tier", remove_cxl, again_add_cxl },
};

void run_memory(void)
{
	run_steps(memory_steps, sizeof(memory_steps) / sizeof(memory_steps[0]));
}

void run_last(void)
{
	undo_map();
	undo_map_slots();
	close(fd);
	run_steps(last_steps, sizeof(last_steps) / sizeof(last_steps[0]));
}
