// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>

#include "util.h"

/*
 * Every word differs from its neighbours and from the same word of other
 * seeds, so that a page of another block, or another page of this one, shows.
 */
static __u64 word(__u64 seed, size_t i)
{
	return (seed + 1) * 0x9e3779b97f4a7c15ULL + i * 0xd1342543de82ef95ULL;
}

void kst_fill(void *p, size_t len, __u64 seed)
{
	__u64 *w = p;
	size_t i;

	for (i = 0; i < len / sizeof(*w); i++)
		w[i] = word(seed, i);
}

bool kst_holds(const void *p, size_t len, __u64 seed)
{
	const __u64 *w = p;
	size_t i;

	for (i = 0; i < len / sizeof(*w); i++) {
		if (w[i] != word(seed, i))
			return false;
	}
	return true;
}

bool kst_zero(const void *p, size_t len)
{
	const __u64 *w = p;
	size_t i;

	for (i = 0; i < len / sizeof(*w); i++) {
		if (w[i])
			return false;
	}
	return true;
}

void *kst_map(int fd, __u64 offset, size_t len, int prot)
{
	void *p = mmap(NULL, len, prot, MAP_SHARED, fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

void *kst_map_window(int fd, unsigned int arena, int prot, size_t *len)
{
	struct kvt_space_info info;

	if (kst_info(fd, &info))
		return NULL;
	if (len)
		*len = info.arenas[arena].window_len;
	return kst_map(fd, info.arenas[arena].window_offset,
		       info.arenas[arena].window_len, prot);
}

void *kst_map_slots(int fd, __u32 nr_slots)
{
	struct kvt_space_info info;

	if (kst_info(fd, &info))
		return NULL;
	return kst_map(fd, info.slots_offset,
		       (size_t)nr_slots * info.block_size, PROT_READ);
}

static sigjmp_buf fault_env;

static void on_fault(int sig)
{
	siglongjmp(fault_env, sig);
}

static int try_access(char *p, bool write)
{
	struct sigaction act = { .sa_handler = on_fault }, bus, segv;
	int sig;

	sigaction(SIGBUS, &act, &bus);
	sigaction(SIGSEGV, &act, &segv);
	sig = sigsetjmp(fault_env, 1);
	if (!sig) {
		char c = __atomic_load_n(p, __ATOMIC_SEQ_CST);

		if (write)
			__atomic_store_n(p, ~c, __ATOMIC_SEQ_CST);
	}
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return sig;
}

int kst_touch(const void *p)
{
	return try_access((char *)p, false);
}

int kst_scribble(void *p)
{
	return try_access(p, true);
}

/* A field of the mapping that holds @p, from /proc/self/smaps. */
long kst_smaps_kb(const void *p, const char *field)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	size_t n = strlen(field);
	bool inside = false;
	char line[512];
	long kb = -1;

	if (!f)
		return -1;
	while (kb < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (unsigned long)p >= start &&
				 (unsigned long)p < end;
		else if (inside && !strncmp(line, field, n) && line[n] == ':')
			kb = atol(line + n + 1);
	}
	fclose(f);
	return kb;
}
