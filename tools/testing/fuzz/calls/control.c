// SPDX-License-Identifier: GPL-2.0
/* Tiers and spaces come, change and go, while they are used; and their knobs. */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "calls.h"

static int control_fd(struct thread *t)
{
	struct file *f = draw_file(t, CONTROL_FILE);

	if (f)
		return atomic_load(&f->fd);
	draw_keep_file(t, open("/dev/kvtier-control", O_RDWR | O_CLOEXEC), CONTROL_FILE);
	return -1;
}

static uint64_t draw_bytes(struct thread *t, uint32_t most)
{
	return draw_chance(t, 24) ? draw_edge(t) : draw_below(t, most + 1) * CHUNK;
}

/* ----------------------------------------------------------------------- tiers */

static int add_nvme(struct thread *t, int fd, const char *name)
{
	struct kvt_nvme_add a = {
		.size = sizeof(a), .host = { 1 }, .nr_devices = 1,
	};

	if (!t->p->o->nvme)
		return -1;
	strcpy((char *)a.name, name);
	snprintf((char *)a.devices[0], KVT_PATH_SIZE, "%s", t->p->o->nvme);
	draw_spoil(t, &a, 512, 8);
	return ioctl(fd, KVT_IOC_NVME_ADD, &a);
}

static int add_remote(struct thread *t, int fd, const char *name)
{
	struct kvt_remote_add a = { .size = sizeof(a) };

	strcpy((char *)a.name, name);
	draw_spoil(t, &a, sizeof(a), 8);
	return ioctl(fd, KVT_IOC_REMOTE_ADD, &a);
}

int control_add_tier(struct thread *t, int fd, uint32_t kind, const char *name)
{
	struct kvt_tier_add a = {
		.size = sizeof(a), .kind = kind, .bytes = 8 * CHUNK,
	};

	if (kind == KVT_TIER_NVME)
		return add_nvme(t, fd, name);
	if (kind == KVT_TIER_REMOTE)
		return add_remote(t, fd, name);
	strcpy((char *)a.name, name);
	draw_spoil(t, &a, sizeof(a), 8);
	/* A tier that takes all the machine's memory is no finding. */
	if (a.bytes > 64 * CHUNK && a.bytes < 1ULL << 40)
		a.bytes = 8 * CHUNK;
	return ioctl(fd, KVT_IOC_TIER_ADD, &a);
}

static bool add_tier(struct thread *t, int fd)
{
	static const uint8_t kinds[] = {
		KVT_TIER_DRAM, KVT_TIER_CXL, KVT_TIER_DRAM, KVT_TIER_NVME, KVT_TIER_REMOTE,
		KVT_TIER_CXL,
	};
	uint32_t which = draw_below(t, ARRAY_SIZE(tier_names));

	return !control_add_tier(t, fd, kinds[which], tier_names[which]);
}

static bool remove_tier(struct thread *t, int fd)
{
	struct kvt_tier_remove a = { .size = sizeof(a) };

	draw_name(t, a.name, tier_names, ARRAY_SIZE(tier_names));
	draw_spoil(t, &a, sizeof(a), 16);
	return !ioctl(fd, KVT_IOC_TIER_REMOVE, &a);
}

static bool resize_tier(struct thread *t, int fd)
{
	struct kvt_tier_resize a = { .size = sizeof(a), .bytes = draw_bytes(t, 16) };

	draw_name(t, a.name, tier_names, ARRAY_SIZE(tier_names));
	if (a.bytes > 64 * CHUNK && a.bytes < 1ULL << 40)
		a.bytes = 0;
	return !ioctl(fd, KVT_IOC_TIER_RESIZE, &a);
}

bool step_tier(struct thread *t)
{
	int fd = control_fd(t);

	if (fd < 0)
		return false;
	switch (draw_below(t, 4)) {
	case 0:
		return remove_tier(t, fd);
	case 1:
		return resize_tier(t, fd);
	default:
		return add_tier(t, fd);
	}
}

/* ---------------------------------------------------------------------- spaces */

static void draw_layers(struct thread *t, struct kvt_space_create *a)
{
	uint32_t *ends = (void *)(t->p->scratch + (320 << 10)), nr, i;

	nr = 1 + draw_below(t, 8);
	for (i = 0; i < nr; i++)
		ends[i] = (uint64_t)a->block_size * (i + 1) / nr;
	draw_spoil(t, ends, nr * sizeof(*ends), 8);
	a->layers = (uintptr_t)ends;
	a->nr_layers = nr;
}

/* One that makes sense: more blocks are drawn than its memory has room for. */
int control_add_space(int fd, const char *name, uint32_t block_size, uint32_t nr_layers)
{
	static const char *const tiers[] = { NAME "dram", NAME "cxl", NAME "flash" };
	struct kvt_space_create a = {
		.size = sizeof(a), .mode = 0600, .block_size = block_size,
		.nr_quotas = ARRAY_SIZE(tiers),
	};
	uint32_t ends[64], i;

	strcpy((char *)a.name, name);
	for (i = 0; i < ARRAY_SIZE(tiers); i++) {
		strcpy((char *)a.quotas[i].tier, tiers[i]);
		a.quotas[i].bytes = (i < 2 ? 2 : 8) * CHUNK;
	}
	for (i = 0; i < nr_layers; i++)
		ends[i] = (uint64_t)block_size * (i + 1) / nr_layers;
	a.layers = nr_layers ? (uintptr_t)ends : 0;
	a.nr_layers = nr_layers;
	if (!ioctl(fd, KVT_IOC_SPACE_CREATE, &a))
		return 0;
	/* There is no device. */
	memset(&a.quotas[--a.nr_quotas], 0, sizeof(a.quotas[0]));
	return ioctl(fd, KVT_IOC_SPACE_CREATE, &a);
}

static bool create_space(struct thread *t, int fd)
{
	static const uint32_t sizes[] = { 4096, 65536, 65536, 12288, 1 << 20, CHUNK };
	struct kvt_space_create a = {
		.size = sizeof(a), .mode = 0600,
		.block_size = sizes[draw_below(t, ARRAY_SIZE(sizes))],
		.default_class = draw_below(t, 16),
	};
	uint32_t first = draw_below(t, 4), i;

	draw_name(t, a.name, space_names, 3);
	a.nr_quotas = 1 + draw_below(t, 3);
	for (i = 0; i < a.nr_quotas; i++) {
		strcpy((char *)a.quotas[i].tier, tier_names[(first + i) % 4]);
		a.quotas[i].bytes = (1 + draw_below(t, 4)) * CHUNK;
	}
	if (draw_chance(t, 3))
		draw_layers(t, &a);
	draw_spoil(t, &a, sizeof(a), 6);
	return !ioctl(fd, KVT_IOC_SPACE_CREATE, &a);
}

static bool delete_space(struct thread *t, int fd)
{
	struct kvt_space_delete a = { .size = sizeof(a) };

	draw_name(t, a.name, space_names, ARRAY_SIZE(space_names));
	draw_spoil(t, &a, sizeof(a), 16);
	return !ioctl(fd, KVT_IOC_SPACE_DELETE, &a);
}

static bool resize_space(struct thread *t, int fd)
{
	struct kvt_space_resize a = { .size = sizeof(a) };

	draw_name(t, a.name, space_names, ARRAY_SIZE(space_names));
	draw_name(t, a.quota.tier, tier_names, ARRAY_SIZE(tier_names));
	a.quota.bytes = draw_bytes(t, 6);
	return !ioctl(fd, KVT_IOC_SPACE_RESIZE, &a);
}

bool step_space(struct thread *t)
{
	int fd = control_fd(t);

	if (fd < 0)
		return false;
	switch (draw_below(t, 6)) {
	case 0:
		return delete_space(t, fd);
	case 1 ... 3:
		return resize_space(t, fd);
	default:
		return create_space(t, fd);
	}
}

/* ----------------------------------------------------------------------- knobs */

static const char *const space_knobs[] = {
	"low_watermark", "high_watermark", "lease_quota", "fill_timeout_ms",
	"quarantine_ms", "promote", "checksum", "verify", "policy", "default_class",
	"class0/ttl_s", "class3/priority", "class3/floor", "class15/floor",
	"class0/priority", "remote", "remote_write", "remote_rate", "remote_timeout_ms",
	"drain/on", "drain/done", "drain/failed",
	"blocks", "leases", "stats/lookups", "arena0/free", "arena1/tier", "metadata_bytes",
	"stats/loads", "identity", "layers",
};

static const char *const tier_knobs[] = {
	"admission", "admit_classes", "write_budget", "carry_over", "flush_ms", "verify",
	"size", "free", "limbo", "state", "recovering", "budget_left", "helper",
};

static const char *const values[] = {
	"0", "1", "10", "100", "500", "1000", "1001", "-1", "0xffff", "0x8001", "300",
	"3600000", "1048576", "4294967295", "4294967296", "99999999999999999999", "",
	"lru", "off", "free", "always", "move", "commit", "all", "second", "class", "dram",
	"cxl", "nvme", "remote", "none", "fuzz-pool", "fuzz-flash", "back", "through", "x\n",
	"now",
};

/* What has to be set for much else to happen. */
static const struct {
	const char *knob, *value;
} good[] = {
	{ "remote", NAME "pool" }, { "remote", NAME "pool" }, { "remote", "none" },
	{ "remote_write", "back" }, { "remote_write", "through" },
	{ "remote_timeout_ms", "100" }, { "drain/on", "1" }, { "fill_timeout_ms", "100" },
	{ "quarantine_ms", "0" }, { "lease_quota", "900" }, { "class0/ttl_s", "1" },
	{ "class0/ttl_s", "0" },
};

static bool set_good(struct thread *t)
{
	uint32_t which = draw_below(t, ARRAY_SIZE(good));
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s",
		 space_names[draw_below(t, 3)], good[which].knob);
	return world_write(path, good[which].value);
}

/* Read it or write it. */
bool step_knob(struct thread *t)
{
	bool of_space = !draw_chance(t, 4), set = !draw_chance(t, 4);
	char path[128], text[4096];
	bool fine;
	int fd;

	if (draw_chance(t, 2))
		return set_good(t);
	if (of_space)
		snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s",
			 space_names[draw_below(t, 3)],
			 space_knobs[draw_below(t, ARRAY_SIZE(space_knobs))]);
	else
		snprintf(path, sizeof(path), "/sys/class/kvtier_tier/%s/%s",
			 tier_names[draw_below(t, 5)],
			 tier_knobs[draw_below(t, ARRAY_SIZE(tier_knobs))]);
	fd = open(path, (set ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return false;
	strcpy(text, values[draw_below(t, ARRAY_SIZE(values))]);
	fine = (set ? write(fd, text, strlen(text)) : read(fd, text, sizeof(text))) > 0;
	close(fd);
	return fine;
}
