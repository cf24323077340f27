// SPDX-License-Identifier: GPL-2.0
/* Files of spaces: opened, shared with children, closed with leases and fills. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "calls.h"

bool step_open(struct thread *t)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };
	int mode = modes[draw_below(t, ARRAY_SIZE(modes))] | O_CLOEXEC;
	char path[64];

	if (draw_chance(t, 16))
		return draw_keep_file(t, open("/dev/kvtier-control", mode), CONTROL_FILE);
	snprintf(path, sizeof(path), "/dev/kvtier/%s",
		 space_names[draw_below(t, ARRAY_SIZE(space_names))]);
	return draw_keep_file(t, open(path, mode), SPACE_FILE);
}

bool step_close(struct thread *t)
{
	struct file *f = &t->p->files[draw_below(t, NR_FILES)];
	int fd = atomic_exchange(&f->fd, -1);

	if (fd < 0)
		return false;
	if (atomic_load(&f->kind) == HELPER_FILE)
		atomic_store(&t->p->channel, NULL);
	close(fd);
	atomic_store(&f->kind, NO_FILE);
	return true;
}

/* A child with our files and maps, for some steps that need no ring. */
bool step_fork(struct thread *t)
{
	static const uint8_t kinds[] = { SUBMIT, SUBMIT, TOUCH, ASK, CLOSE, UNMAP };
	uint32_t nr = draw_below(t, 8);
	struct step s;
	pid_t pid = fork();

	if (pid)
		return pid > 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	t->kcov = NULL;
	while (nr--) {
		s.kind = kinds[draw_below(t, ARRAY_SIZE(kinds))];
		s.seed = rng_next(&t->pick);
		process_step(t, &s);
	}
	_exit(0);
}

static void ask_info(struct thread *t, int fd)
{
	struct kvt_space_info *info = (void *)(t->p->scratch + (300 << 10));

	memset(info, 0, sizeof(*info));
	info->size = draw_chance(t, 4) ? draw_below(t, 5000) : sizeof(*info);
	ioctl(fd, KVT_IOC_SPACE_INFO, info);
}

static void ask_layers(struct thread *t, int fd)
{
	struct kvt_layers l = {
		.size = sizeof(l),
		.nr = draw_below(t, 70),
		.ends = draw_address(t, 4096),
	};

	draw_spoil(t, &l, sizeof(l), 8);
	ioctl(fd, KVT_IOC_LAYERS, &l);
}

/* All spaces have an identity of zeros. */
static void ask_attach(struct thread *t, int fd)
{
	struct kvt_attach a = { .size = sizeof(a) };

	draw_spoil(t, &a, sizeof(a), 16);
	ioctl(fd, KVT_IOC_ATTACH, &a);
}

static void ask_version(struct thread *t, int fd)
{
	struct kvt_version v = { .size = sizeof(v) };

	draw_spoil(t, &v, sizeof(v), 4);
	ioctl(fd, KVT_IOC_VERSION, &v);
}

bool step_ask(struct thread *t)
{
	static void (*const ask[])(struct thread *t, int fd) = {
		ask_info, ask_layers, ask_attach, ask_version,
	};
	struct file *f = draw_file(t, SPACE_FILE);

	if (!f)
		return false;
	ask[draw_below(t, ARRAY_SIZE(ask))](t, atomic_load(&f->fd));
	return true;
}

/* Any command on any file, with anything as its argument. */
bool step_garbage(struct thread *t)
{
	static const unsigned long cmds[] = {
		KVT_IOC_VERSION, KVT_IOC_TIER_ADD, KVT_IOC_TIER_REMOVE,
		KVT_IOC_TIER_RESIZE, KVT_IOC_SPACE_CREATE, KVT_IOC_SPACE_DELETE,
		KVT_IOC_SPACE_RESIZE, KVT_IOC_NVME_ADD, KVT_IOC_REMOTE_ADD,
		KVT_IOC_REMOTE_ATTACH, KVT_IOC_SPACE_INFO, KVT_IOC_ATTACH,
		KVT_IOC_SUBMIT, KVT_IOC_LAYERS, KVT_URING_SUBMIT, 0x5401,
	};
	struct file *f = draw_file(t, 1 + draw_below(t, HELPER_FILE));
	char *arg = t->p->scratch + (310 << 10);
	uint32_t size = draw_below(t, 3000);

	if (!f)
		return false;
	memset(arg, draw_below(t, 2), 4096);
	memcpy(arg, &size, sizeof(size));
	draw_spoil(t, arg, 4096, 2);
	return !ioctl(atomic_load(&f->fd), cmds[draw_below(t, ARRAY_SIZE(cmds))],
		      draw_chance(t, 4) ? draw_address(t, 4096) : (uintptr_t)arg);
}
