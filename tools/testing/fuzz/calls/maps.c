// SPDX-License-Identifier: GPL-2.0
/*
 * Maps of spaces, in addresses that nobody else uses: what is unmapped becomes
 * PROT_NONE, so that no thread ever writes to what another one has got there.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

/* mmap offsets, as SPACE_INFO tells them */
#define STATUS	(1ULL << 48)
#define SLOTS	(1ULL << 50)

static __thread sigjmp_buf fault_jump;
static __thread volatile sig_atomic_t may_fault;

static void on_fault(int signal)
{
	if (!may_fault)
		_exit(64 + signal);
	siglongjmp(fault_jump, 1);
}

void maps_catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

static char *draw_area(struct thread *t)
{
	return t->p->areas + draw_below(t, NR_AREAS) * AREA_BYTES;
}

static uint64_t draw_offset(struct thread *t)
{
	uint64_t arena = draw_chance(t, 2) ? 0 : draw_below(t, KVT_MAX_ARENAS), at;

	at = draw_chance(t, 2) ? 0 : draw_below(t, 64) * 4096ULL;
	switch (draw_below(t, 8)) {
	case 0 ... 2:
		return SLOTS + at;
	case 3 ... 5:
		return (arena << 44) + at;
	case 6:
		return STATUS + (arena << 36);
	default:
		return draw_edge(t) & ~4095ULL;
	}
}

static bool hide(char *p, size_t len)
{
	return mmap(p, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		    -1, 0) != MAP_FAILED;
}

/* A map that fails may leave a hole where it should go: first it is tried elsewhere. */
static bool map_at(char *to, size_t len, int prot, int flags, int fd, uint64_t offset)
{
	void *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return false;
	munmap(p, len);
	if (mmap(to, len, prot, flags | MAP_FIXED, fd, offset) != MAP_FAILED)
		return true;
	hide(to, len);
	return false;
}

/* A window, status words or slots; in full, when the kernel's limits are met. */
bool step_map(struct thread *t)
{
	static const int prots[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE,
				     PROT_READ | PROT_EXEC };
	static const size_t lengths[] = { 4096, 65536, CHUNK, 4 * CHUNK, AREA_BYTES };
	struct file *f = draw_file(t, SPACE_FILE);
	size_t len = lengths[draw_below(t, ARRAY_SIZE(lengths))];
	int prot = prots[draw_chance(t, 8) ? draw_below(t, ARRAY_SIZE(prots)) :
					     draw_below(t, 2)];
	int flags = draw_chance(t, 16) ? MAP_PRIVATE : MAP_SHARED;
	uint64_t offset = draw_offset(t);

	if (!f)
		return false;
	if (draw_chance(t, 16))
		flags |= MAP_POPULATE;
	return map_at(draw_area(t), len, prot, flags, atomic_load(&f->fd), offset);
}

static volatile char sink;

static void touch(struct thread *t, char *p, bool write)
{
	if (write)
		*(volatile char *)p = draw_below(t, 256);
	else
		sink = *(volatile char *)p;
}

/* Some pages, read or written: fine, SIGSEGV or SIGBUS. */
bool step_touch(struct thread *t)
{
	char *area = draw_area(t);
	bool write = draw_chance(t, 3);
	uint32_t nr = 1 + draw_below(t, 4);

	if (sigsetjmp(fault_jump, 0)) {
		may_fault = 0;
		return false;
	}
	may_fault = 1;
	while (nr--)
		touch(t, area + draw_below(t, draw_chance(t, 2) ? 16 : 512) * 4096UL, write);
	may_fault = 0;
	return true;
}

bool step_unmap(struct thread *t)
{
	char *area = draw_area(t);
	size_t at = draw_below(t, 16) * 4096UL;

	if (draw_chance(t, 2))
		return hide(area, AREA_BYTES);
	return hide(area + at, (1 + draw_below(t, 600)) * 4096UL);
}

/* What get_user_pages() of another process would do. */
static void peek(char *p, size_t len)
{
	char bytes[4096];
	struct iovec local = { bytes, len < sizeof(bytes) ? len : sizeof(bytes) };
	struct iovec remote = { p, local.iov_len };

	process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
}

/* Only where no thread could get the addresses that fall free. */
static void move(struct thread *t, char *from, size_t len)
{
	char *to = draw_area(t);

	if (t->p->o->threads > 1 || to == from)
		return;
	if (mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED)
		hide(from, len);
}

bool step_advise(struct thread *t)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_PAGEOUT,
		MADV_COLD, MADV_REMOVE, MADV_HUGEPAGE, MADV_FREE, MADV_DONTFORK,
		MADV_DOFORK, MADV_WILLNEED, MADV_DONTDUMP, MADV_MERGEABLE,
	};
	size_t len = (1 + draw_below(t, 64)) * 4096UL;
	char *p = draw_area(t) + draw_below(t, 16) * 4096UL;
	unsigned char vec[64];

	switch (draw_below(t, 8)) {
	case 0:
		return !mprotect(p, len, draw_below(t, 4));
	case 1:
		return !msync(p, len, MS_SYNC | MS_INVALIDATE);
	case 2:
		return !mincore(p, len, vec);
	case 3:
		mlock(p, len);
		return !munlock(p, len);
	case 4:
		peek(p, len);
		return true;
	case 5:
		move(t, p, len);
		return true;
	default:
		return !madvise(p, len, advices[draw_below(t, ARRAY_SIZE(advices))]);
	}
}
