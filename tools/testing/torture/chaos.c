// SPDX-License-Identifier: GPL-2.0
/* What the parent does to the space while workers use it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture.h"

struct chaos {
	const struct options *o;
	const struct plan *p;
	struct shared *sh;
	struct rng rng;
	pid_t pid[MAX_PROCESSES];
	unsigned long beat[MAX_PROCESSES];
	uint64_t alive_at[MAX_PROCESSES];	/* ms: when it last made progress */
	uint64_t next_seed;
	struct pool *pool;		/* NULL: there is none */
	pid_t pool_pid;
	unsigned int kills;
	bool broken;			/* the nvme tier's device */
};

static void start(struct chaos *c, unsigned int i)
{
	uint64_t seed = mix64(c->next_seed++);
	pid_t pid = fork();

	if (!pid)
		_exit(worker_run(c->o, c->p, c->sh, i, seed));
	c->pid[i] = pid;
	c->alive_at[i] = now_ms();
	if (pid < 0)
		complain(c->sh, "cannot fork: %s", strerror(errno));
}

/* It may end by itself only when told to. */
static void judge(struct chaos *c, unsigned int i, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	if (!atomic_load(&c->sh->failed))
		complain(c->sh, "worker %u ended with status %#x while it did %s",
			 i, status, action_names[atomic_load(&c->sh->doing[i])]);
}

/* Wait for what was worker @i. */
static void reap(struct chaos *c, unsigned int i, pid_t pid)
{
	int status;

	if (pid > 0 && waitpid(pid, &status, 0) == pid)
		judge(c, i, status);
}

/* Somebody has to do the work of those who were killed for want of memory. */
static void replace_dead(struct chaos *c)
{
	unsigned int i;
	int status;

	for (i = 0; i < c->o->processes; i++) {
		if (c->pid[i] <= 0 ||
		    waitpid(c->pid[i], &status, WNOHANG) != c->pid[i])
			continue;
		judge(c, i, status);
		start(c, i);
		c->kills++;
	}
}

static void kill_one(struct chaos *c)
{
	unsigned int i = rng_below(&c->rng, c->o->processes);
	bool together = rng_one_in(&c->rng, 2);
	pid_t old = c->pid[i];

	if (old <= 0)
		return;
	kill(old, SIGKILL);
	/* The next one begins after, or while, this one is being buried. */
	if (!together)
		reap(c, i, old);
	start(c, i);
	if (together)
		reap(c, i, old);
	c->kills++;
}

static void expect(struct chaos *c, const char *what, int err, int allowed,
		   int allowed2)
{
	if (err && err != -allowed && err != -allowed2 &&
	    !(err == -ENOMEM && c->o->faults))
		complain(c->sh, "%s: %s", what, strerror(-err));
}

static void resize_space(struct chaos *c)
{
	unsigned int which = rng_below(&c->rng, 2);
	uint64_t least = (c->p->block_size + CHUNK - 1) / CHUNK;
	uint64_t most = c->p->tier_bytes[which] / CHUNK, n;
	int err;

	n = rng_between(&c->rng, least, most);
	if (rng_one_in(&c->rng, 4))
		n = 0;
	err = space_resize(SPACE, which ? CXL : DRAM, n * CHUNK);
	/* EINVAL: the last arena cannot go. */
	expect(c, "SPACE_RESIZE", err == -EINVAL && !n ? 0 : err, EBUSY, ENOSPC);
}

static void resize_tier(struct chaos *c)
{
	unsigned int which = rng_below(&c->rng, 2);
	uint64_t bytes = c->p->tier_bytes[which] +
		rng_below(&c->rng, 4) * CHUNK;

	expect(c, "TIER_RESIZE", tier_resize(which ? CXL : DRAM, bytes), EBUSY,
	       ENOMEM);
}

static void turn_knob(struct chaos *c)
{
	static const char *const promote[] = { "off", "free", "always" };
	uint32_t high;

	switch (rng_below(&c->rng, 6)) {
	case 0:
		high = rng_below(&c->rng, 300);
		space_knob_number(SPACE, "low_watermark", 0);
		space_knob_number(SPACE, "high_watermark", high);
		space_knob_number(SPACE, "low_watermark",
				  rng_below(&c->rng, high + 1));
		break;
	case 1:
		space_knob_number(SPACE, "lease_quota",
				  rng_between(&c->rng, 1, 1000));
		break;
	case 2:
		space_knob(SPACE, "promote", promote[rng_below(&c->rng, 3)]);
		break;
	case 3:
		space_knob_number(SPACE, "quarantine_ms",
				  rng_below(&c->rng, 500));
		break;
	case 4:
		space_knob_number(SPACE, "default_class",
				  rng_below(&c->rng, KVT_MAX_CLASS + 1));
		break;
	case 5:
		space_knob_number(SPACE, "lease_quota", 900);
		space_knob(SPACE, "policy", "lru");
		break;
	}
}

static void break_nvme(struct chaos *c)
{
	static const char *const how[] = { NULL, "error", "flakey" };
	unsigned int n = rng_below(&c->rng, 3);

	expect(c, "dmsetup", nvme_break(how[n]), 0, 0);
	c->broken = n;
}

/* Its device is well, and what is on it is the space's again. */
static void readd_nvme(struct chaos *c)
{
	expect(c, "dmsetup", nvme_break(NULL), 0, 0);
	c->broken = false;
	expect(c, "TIER_REMOVE of nvme", tier_remove(NVME), 0, 0);
	expect(c, "NVME_ADD", nvme_attach(), 0, 0);
	expect(c, "SPACE_RESIZE on nvme",
	       space_resize(SPACE, NVME, nvme_quota(c->p)), 0, 0);
}

static void resize_nvme(struct chaos *c)
{
	uint64_t quota = nvme_quota(c->p);

	if (rng_one_in(&c->rng, 4))
		quota = 0;
	else if (rng_one_in(&c->rng, 2))
		quota /= 2;
	expect(c, "SPACE_RESIZE on nvme", space_resize(SPACE, NVME, quota),
	       EBUSY, 0);
}

static void turn_nvme_knob(struct chaos *c)
{
	static const char *const admission[] = { "all", "second", "class" };
	static const char *const carry_over[] = { "0", "200", "1000" };

	tier_knob(NVME, "admission", admission[rng_below(&c->rng, 3)]);
	tier_knob(NVME, "carry_over", carry_over[rng_below(&c->rng, 3)]);
	tier_knob(NVME, "flush_ms", rng_one_in(&c->rng, 2) ? "0" : "2000");
	tier_knob(NVME, "admit_classes", "0xffff");
}

static void act_on_nvme(struct chaos *c)
{
	switch (rng_below(&c->rng, 6)) {
	case 0:
		break_nvme(c);
		break;
	case 1:
		resize_nvme(c);
		break;
	case 2:
		turn_nvme_knob(c);
		break;
	case 3 ... 4:
		if (c->broken || nvme_has_failed() || rng_one_in(&c->rng, 3))
			readd_nvme(c);
		break;
	}
}

static void start_pool(struct chaos *c)
{
	uint64_t seed = mix64(c->next_seed++);

	c->pool_pid = fork();
	if (!c->pool_pid)
		_exit(pool_run(c->p, c->sh, c->pool, seed));
	if (c->pool_pid < 0)
		complain(c->sh, "cannot fork: %s", strerror(errno));
}

static void end_pool(struct chaos *c)
{
	if (c->pool_pid <= 0)
		return;
	kill(c->pool_pid, SIGKILL);
	waitpid(c->pool_pid, NULL, 0);
}

static void kill_pool(struct chaos *c)
{
	end_pool(c);
	if (rng_one_in(&c->rng, 2))
		usleep(rng_below(&c->rng, 300000));
	start_pool(c);
	c->kills++;
}

static void turn_pool_knob(struct chaos *c)
{
	static const char *const writes[] = { "none", "back", "through", "through" };

	space_knob(SPACE, "remote_write", writes[rng_below(&c->rng, 4)]);
	space_knob_number(SPACE, "remote_timeout_ms",
			  rng_between(&c->rng, 10, 2000));
	space_knob_number(SPACE, "remote_rate",
			  rng_one_in(&c->rng, 4) ? 8 << 20 : 0);
}

/* The tier goes, and comes again: what is on its way is a miss. */
static void readd_pool(struct chaos *c)
{
	uint64_t end = now_ms() + c->o->hang_seconds * 1000ULL;
	int err;

	/* A live one that is late would write to frames when their quarantine is over. */
	end_pool(c);
	expect(c, "remote none", space_knob(SPACE, "remote", "none"), 0, 0);
	/* What has been killed is still on its way out. */
	while ((err = tier_remove(POOL)) == -EBUSY && now_ms() < end)
		usleep(1000);
	expect(c, "TIER_REMOVE of the pool", err, 0, 0);
	expect(c, "REMOTE_ADD", remote_add(POOL), 0, 0);
	expect(c, "remote", space_knob(SPACE, "remote", POOL), 0, 0);
	start_pool(c);
}

static void act_on_pool(struct chaos *c)
{
	switch (rng_below(&c->rng, 8)) {
	case 0 ... 2:
		kill_pool(c);
		break;
	case 3 ... 4:
		turn_pool_knob(c);
		break;
	case 5 ... 6:
		space_knob(SPACE, "drain/on", rng_one_in(&c->rng, 3) ? "0" : "1");
		break;
	case 7:
		readd_pool(c);
		break;
	}
}

/* Memory that comes to a space from elsewhere is zero. */
static void check_zero(struct chaos *c, int fd)
{
	struct kvt_space_info info = { .size = sizeof(info) };
	const struct kvt_arena_info *a = &info.arenas[0];
	uint64_t *p, i;

	if (ioctl(fd, KVT_IOC_SPACE_INFO, &info))
		return complain(c->sh, "SPACE_INFO: %s", strerror(errno));
	p = mmap(NULL, a->window_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 a->window_offset);
	if (p == MAP_FAILED)
		return complain(c->sh, "mmap: %s", strerror(errno));
	for (i = 0; i < a->window_len / 8 && !p[i]; i++)
		;
	if (i < a->window_len / 8)
		complain(c->sh, "a new space's memory is not zero at %#llx: %#llx",
			 (unsigned long long)i * 8, (unsigned long long)p[i]);
	/* What the first space must never see. */
	memset(p, 0x5a, a->window_len);
	munmap(p, a->window_len);
}

/* A second space comes, takes what is free, and goes. */
static void other_space(struct chaos *c)
{
	uint64_t chunks = (c->p->block_size + CHUNK - 1) / CHUNK;
	int fd, err;

	err = space_create(c->p, SPACE2, chunks * CHUNK, 0);
	expect(c, "SPACE_CREATE", err, ENOSPC, 0);
	if (err)
		return;
	fd = space_open(SPACE2, O_RDWR);
	if (fd < 0) {
		expect(c, "open of the second space", fd, 0, 0);
	} else {
		check_zero(c, fd);
		expect(c, "SPACE_DELETE of an open space",
		       space_delete(SPACE2) == -EBUSY ? 0 : -EEXIST, 0, 0);
		close(fd);
	}
	expect(c, "SPACE_DELETE", space_delete(SPACE2), 0, 0);
}

/* What must be refused while the space is in use. */
static void try_forbidden(struct chaos *c)
{
	expect(c, "SPACE_DELETE of a space in use",
	       space_delete(SPACE) == -EBUSY ? 0 : -EEXIST, 0, 0);
	expect(c, "SPACE_CREATE of a name that is taken",
	       space_create(c->p, SPACE, CHUNK, 0) ? 0 : -EEXIST, 0, 0);
}

static void act(struct chaos *c)
{
	if (c->p->tight && rng_one_in(&c->rng, 4)) {
		memory_squeeze(&c->rng);
		return;
	}
	if (c->p->nvme && rng_one_in(&c->rng, 4)) {
		act_on_nvme(c);
		return;
	}
	if (c->pool && rng_one_in(&c->rng, 4)) {
		act_on_pool(c);
		return;
	}
	switch (rng_below(&c->rng, 12)) {
	case 0 ... 3:
		kill_one(c);
		break;
	case 4 ... 5:
		resize_space(c);
		break;
	case 6:
		resize_tier(c);
		break;
	case 7 ... 8:
		turn_knob(c);
		break;
	case 9:
		space_read_all(SPACE);
		try_forbidden(c);
		break;
	case 10:
		other_space(c);
		break;
	case 11:
		tree_write("/proc/sys/vm/compact_memory", "1");
		break;
	}
}

static void show_file(pid_t pid, const char *name)
{
	char path[64], text[2048];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	if (!f)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fprintf(stderr, "  %s: %s\n", path, text);
	fclose(f);
}

static void watch(struct chaos *c)
{
	uint64_t now = now_ms();
	unsigned int i;

	for (i = 0; i < c->o->processes; i++) {
		unsigned long beat = atomic_load(&c->sh->beat[i]);

		if (beat != c->beat[i]) {
			c->beat[i] = beat;
			c->alive_at[i] = now;
		}
		if (now - c->alive_at[i] < c->o->hang_seconds * 1000ULL)
			continue;
		complain(c->sh, "worker %u hangs in %s", i,
			 action_names[atomic_load(&c->sh->doing[i])]);
		show_file(c->pid[i], "stack");
		show_file(c->pid[i], "syscall");
		tree_write("/proc/sysrq-trigger", "w");
	}
}

static void stop(struct chaos *c)
{
	unsigned int i;

	atomic_store(&c->sh->stop, true);
	for (i = 0; i < c->o->processes; i++) {
		if (c->pid[i] > 0 && (atomic_load(&c->sh->failed) ||
				      rng_one_in(&c->rng, 2)))
			kill(c->pid[i], SIGKILL);
		reap(c, i, c->pid[i]);
	}
	end_pool(c);
	if (c->pool)
		space_knob(SPACE, "remote", "none");
}

/* One round. Returns whether all went well. */
bool chaos_run(const struct options *o, const struct plan *p,
	       struct shared *sh, unsigned int seconds, unsigned int *kills)
{
	struct chaos c = {
		.o = o,
		.p = p,
		.sh = sh,
		.rng.state = p->seed + 1,
		.next_seed = p->seed + 2,
	};
	uint64_t end = now_ms() + seconds * 1000ULL;
	/* Some opener has to be there, or the space could be deleted. */
	int fd = space_open(SPACE, O_RDONLY);
	unsigned int i;

	c.pool = p->pool ? pool_new(p, false) : NULL;
	if (c.pool)
		start_pool(&c);
	for (i = 0; i < o->processes; i++)
		start(&c, i);
	while (now_ms() < end && !atomic_load(&sh->failed)) {
		usleep(rng_between(&c.rng, 1, 100) * 1000);
		act(&c);
		replace_dead(&c);
		watch(&c);
	}
	stop(&c);
	if (p->nvme && !atomic_load(&sh->failed))
		readd_nvme(&c);
	if (fd >= 0)
		close(fd);
	*kills = c.kills;
	pool_free(c.pool);
	return !atomic_load(&sh->failed);
}
