// SPDX-License-Identifier: GPL-2.0
/* A worker's maps of the space, made when first used and anew when too short. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "torture.h"

/* More slots than any round has: mapping ahead is allowed. */
#define SLOTS_AHEAD	8192

static sigjmp_buf escape;
static volatile sig_atomic_t guarded;

static void on_fault(int sig)
{
	static const char text[] =
		"kvtier-torture: a fault outside of a guarded read\n";

	if (guarded)
		siglongjmp(escape, 1);
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	signal(sig, SIG_DFL);
	raise(sig);
}

void maps_catch_sigbus(void)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
}

/* Copy from a map. false: there was a SIGBUS. */
bool maps_read(const void *from, void *to, size_t len)
{
	if (sigsetjmp(escape, 0)) {
		guarded = 0;
		return false;
	}
	guarded = 1;
	memcpy(to, from, len);
	guarded = 0;
	return true;
}

static void unmap(struct map *m)
{
	if (m->p)
		munmap(m->p, m->len);
	m->p = NULL;
	m->len = 0;
}

void maps_drop(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++) {
		unmap(&w->window[i]);
		unmap(&w->status[i]);
	}
	unmap(&w->slots);
}

static bool map_new(struct worker *w, struct map *m, uint64_t offset,
		    size_t len, int prot)
{
	void *p = mmap(NULL, len, prot, MAP_SHARED, w->fd, offset);

	if (p == MAP_FAILED)
		return false;
	unmap(m);
	m->p = p;
	m->len = len;
	return true;
}

/*
 * Cover @need bytes of an arena's area. An arena may shrink between INFO and
 * mmap(), but never below a frame that we hold: so another try succeeds.
 */
static bool cover(struct worker *w, struct map *m, unsigned int arena,
		  uint64_t need, bool status)
{
	struct kvt_space_info info = { .size = sizeof(info) };
	const struct kvt_arena_info *a = &info.arenas[arena];
	unsigned int tries;

	for (tries = 0; m->len < need && tries < 1000; tries++) {
		if (ioctl(w->fd, KVT_IOC_SPACE_INFO, &info))
			return false;
		if (status)
			map_new(w, m, a->status_offset, a->status_len, PROT_READ);
		else
			map_new(w, m, a->window_offset, a->window_len,
				PROT_READ | PROT_WRITE);
	}
	return m->len >= need;
}

/* The frame at @offset, which is leased or reserved by the worker. */
char *maps_frame(struct worker *w, uint64_t offset)
{
	unsigned int arena = offset >> 44;
	uint64_t in = offset & ((1ULL << 44) - 1);
	struct map *m = &w->window[arena % KVT_MAX_ARENAS];

	if (!cover(w, m, arena, in + w->plan->block_size, false)) {
		complain(w->sh, "cannot map the window of arena %u up to %#llx, where a frame is held",
			 arena, (unsigned long long)in + w->plan->block_size);
		exit(1);
	}
	return m->p + in;
}

/* The status word of that frame: how many bytes of it are valid. */
uint64_t maps_status(struct worker *w, uint64_t offset)
{
	unsigned int arena = offset >> 44;
	uint64_t frame = (offset & ((1ULL << 44) - 1)) / w->plan->block_size;
	struct map *m = &w->status[arena % KVT_MAX_ARENAS];
	struct kvt_status s;
	uint64_t word;

	if (!cover(w, m, arena, (frame + 1) * sizeof(s), true)) {
		complain(w->sh, "cannot map the status of arena %u, frame %llu, which is held",
			 arena, (unsigned long long)frame);
		exit(1);
	}
	word = __atomic_load_n((uint64_t *)m->p + frame, __ATOMIC_ACQUIRE);
	memcpy(&s, &word, sizeof(s));
	return s.valid;
}

/* Where @slot is mapped, or NULL. */
const char *maps_slots(struct worker *w, uint32_t slot)
{
	struct kvt_space_info info = { .size = sizeof(info) };

	if (!w->slots.p) {
		if (ioctl(w->fd, KVT_IOC_SPACE_INFO, &info))
			return NULL;
		map_new(w, &w->slots, info.slots_offset,
			(size_t)SLOTS_AHEAD * w->plan->block_size, PROT_READ);
	}
	if (!w->slots.p || slot >= SLOTS_AHEAD)
		return NULL;
	return w->slots.p + (size_t)slot * w->plan->block_size;
}
