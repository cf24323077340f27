// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-faults: each call to the module, with its first, second, third...
 * allocation or user copy failing, until none is left to fail. The call must
 * fail cleanly or do without; then it is undone, and the next one fails. For
 * debug kernels (fail-nth); what was leaked or freed twice is for KASAN and
 * kmemleak to find, what was lost for the counts at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "torture.h"

#define BLOCK		65536U
#define NR		6		/* blocks of a batch */
#define TIER_BYTES	(8 * CHUNK)
#define QUOTA		(2 * CHUNK)
#define MAX_FAULTS	5000		/* of one call: more is a loop */

static struct plan plan = {
	.seed = 1,
	.factor = 0x9e3779b97f4a7c15ULL,
	.block_size = BLOCK,
	.nr_chains = 1,
	.chain_len = NR,
};

static int fd = -1;
static struct kvt_entry entries[NR];
static char buf[NR * BLOCK];
static char *window;
static char *slots;
static char *module;
static size_t module_size;
static bool failed;

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

void complain(struct shared *sh, const char *format, ...)
{
	va_list args;

	(void)sh;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	failed = true;
}

/* ------------------------------------------------------------------ fail-nth */

static int nth_fd = -1;

static void arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, len, 0) != len) {
		perror("kvtier-faults: fail-nth");
		exit(2);
	}
}

/* Returns whether a fault was injected since arm(). */
static bool disarm(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0)
		exit(2);
	arm(0);
	return atoi(text) == 0;
}

/* --------------------------------------------------------------------- calls */

static int batch(uint32_t op, uint32_t flags)
{
	struct kvt_batch b = {
		.size = sizeof(b),
		.op = op,
		.flags = flags,
		.nr = NR,
		.entries = (uintptr_t)entries,
	};
	int ret = ioctl(fd, KVT_IOC_SUBMIT, &b) ? -errno : 0;

	if (ret)
		return ret;
	return b.ok == NR ? 0 : entries[b.done - 1].result;
}

static void set_entries(bool data)
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

static void reopen(void)
{
	if (fd >= 0)
		close(fd);
	fd = space_open(SPACE, O_RDWR);
}

static int load_module(void)
{
	return syscall(SYS_init_module, module, module_size, "") ? -errno : 0;
}

static void unload_module(void)
{
	syscall(SYS_delete_module, "kvtier", O_NONBLOCK);
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

static int put(void)
{
	uint32_t i;

	set_entries(true);
	for (i = 0; i < NR; i++)
		pattern_fill(&plan, i, buf + i * BLOCK);
	return batch(KVT_OP_PUT, 0);
}

static int drop(void)
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

static int acquire(void)
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

static int get(void)
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

static int prefetch(void)
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

static void nothing(void)
{
}

/*
 * Each call, and what makes it possible to call it again, whether it succeeded
 * or not. Each is called once more, without faults, before the next.
 */
static const struct step {
	const char *name;
	int (*call)(void);
	void (*again)(void);
} steps[] = {
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

static const struct step load_step = {
	"load the module", load_module, unload_module
};

/* ------------------------------------------------------------------- running */

static bool may_fail_with(int err)
{
	return err == -ENOMEM || err == -EFAULT || err == -EAGAIN ||
	       err == -ENOSPC || err == -EBUSY || err == -ENOENT;
}

static void run_step(const struct step *s)
{
	unsigned int nth, errors = 0;
	bool hit = true;
	int err;

	for (nth = 1; hit && nth < MAX_FAULTS && !failed; nth++) {
		arm(nth);
		err = s->call();
		hit = disarm();
		errors += err != 0;
		if (err && !hit)
			complain(NULL, "kvtier-faults: %s: %s, with no fault", s->name,
				 strerror(-err));
		else if (err && !may_fail_with(err))
			complain(NULL, "kvtier-faults: %s, fault %u: %s", s->name,
				 nth, strerror(-err));
		s->again();
	}
	if (hit && !failed)
		complain(NULL, "kvtier-faults: %s: no end after %u faults",
			 s->name, nth);
	err = s->call();
	if (err)
		complain(NULL, "kvtier-faults: %s: %s, after faults", s->name,
			 strerror(-err));
	printf("%s %s: %u faults, %u errors\n", failed ? "FAIL" : "ok  ", s->name,
	       nth - 2, errors);
	fflush(stdout);
}

static void run_steps(const struct step *s, size_t nr)
{
	while (nr-- && !failed)
		run_step(s++);
}

static bool set_point(const char *point, const char *file,
		      unsigned long long value)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", point, file);
	snprintf(text, sizeof(text), "%llu", value);
	return tree_write(path, text);
}

/* Only what is called, at some depth, from this code may fail. */
static bool filter_by(unsigned long long from, unsigned long long end)
{
	static const char *const points[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	bool ok = true;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ok &= set_point(points[i], "require-start", from);
		ok &= set_point(points[i], "require-end", end);
		set_point(points[i], "verbose", 0);
	}
	/* Also allocations that can wait, and those of a single page. */
	set_point("failslab", "ignore-gfp-wait", 0);
	set_point("fail_page_alloc", "ignore-gfp-wait", 0);
	set_point("fail_page_alloc", "min-order", 0);
	return ok;
}

/* By its bytes, so that a file system's reading is not a part of loading it. */
static void read_module(const char *path)
{
	FILE *f = fopen(path, "re");

	if (f && !fseek(f, 0, SEEK_END)) {
		module_size = ftell(f);
		module = malloc(module_size);
		rewind(f);
	}
	if (!module || fread(module, 1, module_size, f) != module_size) {
		fprintf(stderr, "kvtier-faults: cannot read %s: %s\n", path,
			strerror(errno));
		exit(2);
	}
	fclose(f);
}

static unsigned long long module_address(void)
{
	unsigned long long address = 0;
	FILE *f = fopen("/sys/module/kvtier/sections/.text", "re");

	if (!f || fscanf(f, "%llx", &address) != 1) {
		fprintf(stderr, "kvtier-faults: cannot read where kvtier.ko is\n");
		exit(2);
	}
	fclose(f);
	return address;
}

/*
 * Its address is known only once it is loaded, but all modules are near: the
 * debug kernel has no other.
 */
static unsigned long long find_modules(void)
{
	unsigned long long address;
	int err = load_module();

	if (err) {
		fprintf(stderr, "kvtier-faults: cannot load kvtier.ko: %s\n",
			strerror(-err));
		exit(2);
	}
	address = module_address();
	unload_module();
	return address & ~((256ULL << 20) - 1);
}

static void start(void)
{
	nth_fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0 || !filter_by(find_modules(), ~0ULL)) {
		fprintf(stderr, "kvtier-faults: this kernel has no fault injection, or debugfs is not mounted: see tools/testing/kernel/debug\n");
		exit(2);
	}
	plan.cxl_node = slow_node();
}

static const char usage_text[] =
"Usage: kvtier-faults KVTIER.KO\n"
"\n"
"As root, on a debug kernel (tools/testing/kernel/debug): load the module, and\n"
"make each call to it fail at every allocation and user copy on its way. What\n"
"is leaked by that the kernel's checkers find. The module stays loaded.\n";

int main(int argc, char **argv)
{
	if (argc != 2 || argv[1][0] == '-') {
		fputs(usage_text, stderr);
		return 2;
	}
	read_module(argv[1]);
	start();
	run_step(&load_step);
	if (failed || control_open())
		return 1;
	run_steps(steps, sizeof(steps) / sizeof(steps[0]));
	undo_map();
	undo_map_slots();
	close(fd);
	run_steps(last_steps, sizeof(last_steps) / sizeof(last_steps[0]));
	printf("kvtier-faults: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
