// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake.h"

struct fake fake;

static const uint8_t identity[KVT_IDENTITY_SIZE] = "the right one";

int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

static void set_arena(int i, const char *tier, uint64_t bytes)
{
	struct kvt_arena_info *arena = &fake.info.arenas[i];

	strcpy((char *)arena->tier, tier);
	arena->kind = i;
	arena->node = i;
	arena->nr_frames = bytes / FAKE_BLOCK;
	arena->window_offset = FAKE_WINDOW(i);
	arena->window_len = bytes;
	arena->status_offset = FAKE_STATUS(i);
	arena->status_len = 4096;
}

void fake_set_nvme_arena(int i)
{
	memset(&fake.info.arenas[i], 0, sizeof(fake.info.arenas[i]));
	strcpy((char *)fake.info.arenas[i].tier, "disk");
	fake.info.arenas[i].kind = KVT_TIER_NVME;
	fake.info.arenas[i].node = -1;
	fake.info.arenas[i].window_offset = FAKE_WINDOW(i);
	fake.info.arenas[i].status_offset = FAKE_STATUS(i);
}

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.fail_batch = -1;
	fake.bad_entry = -1;
	fake.fd = -1;
	fake.info.size = sizeof(fake.info);
	fake.info.block_size = FAKE_BLOCK;
	fake.info.nr_slots = 100;
	fake.info.slots_offset = FAKE_SLOTS;
	fake.info.slots_len = 100ULL * FAKE_BLOCK;
	set_arena(0, "fast", 4 << 20);
	set_arena(1, "slow", 2 << 20);
}

void fake_set_layers(const uint32_t *ends, uint32_t nr)
{
	fake.info.nr_layers = nr;
	memcpy(fake.layers, ends, nr * sizeof(*ends));
}

void fake_set_status(int i, uint32_t frame, uint32_t valid, uint32_t generation)
{
	struct kvt_status status = { .valid = valid, .generation = generation };

	if (pwrite(fake.fd, &status, sizeof(status),
		   FAKE_STATUS(i) + frame * sizeof(status)) != sizeof(status))
		abort();
}

static int tell_layers(struct kvt_layers *arg)
{
	memcpy((void *)(uintptr_t)arg->ends, fake.layers, arg->nr * sizeof(uint32_t));
	arg->nr = fake.info.nr_layers - fake.layers_short;
	return 0;
}

struct kvt_space *fake_open(unsigned int flags)
{
	struct kvt_space *space;
	int rc = kvt_open("s", flags, NULL, &space);

	if (!rc)
		return space;
	printf("Bail out! kvt_open: %d\n", rc);
	exit(1);
}

struct kvt_key *fake_keys(size_t nr)
{
	struct kvt_key *keys = calloc(nr, sizeof(*keys));
	size_t i;

	for (i = 0; i < nr; i++) {
		uint64_t id = i + 1;

		memcpy(keys[i].bytes, &id, sizeof(id));
	}
	return keys;
}

static bool write_content(void)
{
	ssize_t len = strlen(fake.content);

	return write(fake.fd, fake.content, len) != len ||
	       lseek(fake.fd, 0, SEEK_SET);
}

int __wrap_open(const char *path, int flags, ...)
{
	snprintf(fake.path, sizeof(fake.path), "%s", path);
	fake.open_flags = flags;
	if (fake.open_errno) {
		errno = fake.open_errno;
		return -1;
	}
	fake.fd = memfd_create("fake", MFD_CLOEXEC);
	if (fake.content ? write_content() : ftruncate(fake.fd, 1LL << 40))
		abort();
	return fake.fd;
}

int __wrap_open64(const char *path, int flags, ...)
{
	return __wrap_open(path, flags);
}

static bool is_chain(uint32_t op)
{
	return op == KVT_OP_LOOKUP || op == KVT_OP_ACQUIRE ||
	       op == KVT_OP_RESERVE || op == KVT_OP_PUT;
}

static bool ends(uint32_t op, int result)
{
	if ((op == KVT_OP_RESERVE || op == KVT_OP_PUT) &&
	    (result == -EINPROGRESS || result == -EALREADY))
		return false;
	return is_chain(op);
}

static int32_t good_result(uint32_t op)
{
	return op == KVT_OP_ACQUIRE ? KVT_RES_LEASED | KVT_TIER_CXL :
				      KVT_TIER_CXL;
}

/* Slots are the entries' numbers among all that were ever submitted. */
static void carry_out(struct kvt_batch *batch)
{
	struct kvt_entry *entries = (void *)(uintptr_t)batch->entries;
	uint32_t i;

	for (i = 0; i < batch->nr; i++) {
		struct kvt_entry *e = &entries[i];
		bool bad = fake.nr_entries == fake.bad_entry;

		if (is_chain(batch->op)) {
			e->slot = fake.nr_entries;
			e->offset = (uint64_t)fake.nr_entries * FAKE_BLOCK;
		}
		e->result = bad ? fake.bad_result : good_result(batch->op);
		fake.nr_entries++;
		batch->done++;
		if (!bad)
			batch->ok++;
		else if (ends(batch->op, e->result))
			return;
	}
}

static int submit(struct kvt_batch *batch)
{
	struct kvt_entry *entries = (void *)(uintptr_t)batch->entries;
	int n = fake.nr_batches++;

	if (n < FAKE_MAX_BATCHES) {
		fake.batches[n] = *batch;
		fake.first[n] = entries[0];
		fake.last[n] = entries[batch->nr - 1];
	}
	if (n == fake.fail_batch)
		return fake.fail_errno;
	batch->done = 0;
	batch->ok = 0;
	carry_out(batch);
	return 0;
}

static int control(unsigned long request, void *arg)
{
	fake.request = request;
	memcpy(&fake.control, arg, _IOC_SIZE(request));
	if (request == KVT_IOC_TIER_ADD)
		((struct kvt_tier_add *)arg)->bytes = fake.reached;
	if (request == KVT_IOC_TIER_RESIZE)
		((struct kvt_tier_resize *)arg)->bytes = fake.reached;
	if (request == KVT_IOC_NVME_ADD)
		((struct kvt_nvme_add *)arg)->bad = fake.bad;
	if (request == KVT_IOC_SPACE_RESIZE)
		((struct kvt_space_resize *)arg)->quota.bytes = fake.reached;
	return 0;
}

static int answer(unsigned long request, void *arg)
{
	struct kvt_attach *attach = arg;

	if (request == KVT_IOC_SPACE_INFO) {
		memcpy(arg, &fake.info, sizeof(fake.info));
		return 0;
	}
	if (request == KVT_IOC_ATTACH)
		return memcmp(attach->identity, identity, sizeof(identity)) ?
		       EKEYREJECTED : 0;
	if (request == KVT_IOC_LAYERS)
		return tell_layers(arg);
	if (request == KVT_IOC_SUBMIT)
		return submit(arg);
	return control(request, arg);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int err;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	fake.nr_ioctls++;
	if (fd < 0)
		err = EBADF;
	else if (fake.nr_eintr && fake.nr_eintr--)
		err = EINTR;
	else
		err = answer(request, arg);
	if (!err && request != KVT_IOC_SPACE_INFO && request != KVT_IOC_ATTACH)
		err = fake.ioctl_errno;
	errno = err;
	return err ? -1 : 0;
}
