// SPDX-License-Identifier: GPL-2.0
/* The kernel writes down where a thread was; of code that is built with KCOV_INSTRUMENT=y. */
#include <fcntl.h>
#include <linux/kcov.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"

#define WORDS	(64UL << 10)

void kcov_begin(struct thread *t)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	uint64_t *words;

	t->kcov = NULL;
	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, WORDS))
		return;
	words = mmap(NULL, WORDS * sizeof(*words), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* The file stays open: it ends with the process. */
	if (words == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return;
	t->kcov = words;
}

/* Since the last call: has this thread gone a way that nobody has gone before? */
bool kcov_found_new(struct thread *t)
{
	struct shared *sh = t->p->sh;
	uint64_t i, nr, last = 0;
	bool found = false;

	if (!t->kcov)
		return false;
	nr = __atomic_load_n(&t->kcov[0], __ATOMIC_RELAXED);
	for (i = 1; i <= nr && i < WORDS; i++) {
		uint64_t here = mix64(t->kcov[i]);
		_Atomic uint8_t *seen = &sh->seen[(here ^ last >> 1) % NR_EDGES];

		last = here;
		if (atomic_load_explicit(seen, memory_order_relaxed) ||
		    atomic_exchange(seen, 1))
			continue;
		atomic_fetch_add(&sh->edges, 1);
		found = true;
	}
	__atomic_store_n(&t->kcov[0], 0, __ATOMIC_RELAXED);
	return found;
}
