// SPDX-License-Identifier: GPL-2.0
/*
 * A libkvtier without a kernel, to see what kvtierctl asks for and what it
 * says of each answer. Control calls are noted in the file "asked" and answer
 * with the errno in $FAKE_ERRNO; calls that tell a size answer $FAKE_BYTES. The
 * only space is "chat", with blocks of 4 KiB; its blocks are files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libkvtier.h"

#define BLOCK_SIZE	4096

struct kvt_space {
	unsigned int flags;
};

static int answer(const char *variable)
{
	const char *text = getenv(variable);

	return text ? atoi(text) : 0;
}

static void note(const char *format, ...)
{
	FILE *file = fopen("asked", "a");
	va_list list;

	va_start(list, format);
	if (file) {
		vfprintf(file, format, list);
		fclose(file);
	}
	va_end(list);
}

static int answer_bytes(uint64_t *bytes)
{
	if (getenv("FAKE_BYTES"))
		*bytes = strtoull(getenv("FAKE_BYTES"), NULL, 10);
	return -answer("FAKE_ERRNO");
}

/* --- control ---------------------------------------------------------- */

int kvt_open_control(void)
{
	int error = answer("FAKE_OPEN_ERRNO");
	int fd;

	if (error)
		return -error;
	fd = open("dev/kvtier-control", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kvt_ctl_version(int ctl, struct kvt_version *version)
{
	(void)ctl;
	memset(version, 0, sizeof(*version));
	version->abi = 7;
	strcpy((char *)version->release, "9.9.9");
	return -answer("FAKE_ERRNO");
}

int kvt_ctl_tier_add(int ctl, const char *name, enum kvt_tier_kind kind,
		     int node, uint64_t *bytes)
{
	(void)ctl;
	note("tier_add %s %d %d %llu\n", name, kind, node, (unsigned long long)*bytes);
	return -answer("FAKE_ERRNO");
}

int kvt_remote_add(int ctl, const char *name)
{
	(void)ctl;
	note("remote_add %s\n", name);
	return -answer("FAKE_ERRNO");
}

/* $FAKE_HOST_ERRNO: there is no /etc/machine-id, or the like. */
int kvt_host_id(uint8_t host[KVT_HOST_SIZE])
{
	memset(host, 0xab, KVT_HOST_SIZE);
	return -answer("FAKE_HOST_ERRNO");
}

/* The library's rule is not repeated: $FAKE_BAD is a device, or nothing. */
const char *kvt_nvme_bad(const struct kvt_nvme_add *add, int err)
{
	(void)err;
	return getenv("FAKE_BAD") ? (const char *)add->devices[add->bad] : NULL;
}

/* $FAKE_TAKEN: a name that somebody takes at the last moment. */
int kvt_ctl_nvme_add(int ctl, struct kvt_nvme_add *add)
{
	const char *taken = getenv("FAKE_TAKEN");
	unsigned int i;

	(void)ctl;
	note("nvme_add %s flags=%x host=%02x%02x", (const char *)add->name, add->flags,
	     add->host[0], add->host[KVT_HOST_SIZE - 1]);
	for (i = 0; i < add->nr_devices; i++)
		note(" %s", (const char *)add->devices[i]);
	note("\n");
	add->bad = answer("FAKE_BAD");
	if (taken && !strcmp(taken, (const char *)add->name))
		return -EEXIST;
	return -answer("FAKE_ERRNO");
}

/* $FAKE_SECONDS: how long it takes. */
int kvt_ctl_tier_remove(int ctl, const char *name)
{
	(void)ctl;
	note("tier_remove %s\n", name);
	sleep(answer("FAKE_SECONDS"));
	return -answer("FAKE_ERRNO");
}

int kvt_ctl_tier_resize(int ctl, const char *name, uint64_t *bytes)
{
	(void)ctl;
	note("tier_resize %s %llu\n", name, (unsigned long long)*bytes);
	return answer_bytes(bytes);
}

int kvt_ctl_space_create(int ctl, struct kvt_space_create *create)
{
	unsigned int i;

	(void)ctl;
	note("space_create %s %u uid=%u gid=%u mode=%o class=%u identity=%02x%02x",
	     (const char *)create->name, create->block_size, create->uid, create->gid,
	     create->mode, create->default_class, create->identity[0],
	     create->identity[31]);
	for (i = 0; i < create->nr_quotas; i++)
		note(" %s=%llu", (const char *)create->quotas[i].tier,
		     (unsigned long long)create->quotas[i].bytes);
	if (create->nr_layers)
		note(" layers=%u:", create->nr_layers);
	for (i = 0; i < create->nr_layers; i++)
		note("%s%u", i ? "," : "", ((uint32_t *)(uintptr_t)create->layers)[i]);
	note("\n");
	return -answer("FAKE_ERRNO");
}

int kvt_ctl_space_delete(int ctl, const char *name)
{
	(void)ctl;
	note("space_delete %s\n", name);
	return -answer("FAKE_ERRNO");
}

/* $FAKE_TIER: only this one fails. */
int kvt_ctl_space_resize(int ctl, const char *name, const char *tier, uint64_t *bytes)
{
	const char *only = getenv("FAKE_TIER");

	(void)ctl;
	note("space_resize %s %s %llu\n", name, tier, (unsigned long long)*bytes);
	if (only && strcmp(only, tier))
		return 0;
	return answer_bytes(bytes);
}

/* --- a space ---------------------------------------------------------- */

int kvt_open(const char *name, unsigned int flags, const void *identity,
	     struct kvt_space **space)
{
	int error = answer("FAKE_OPEN_ERRNO");

	(void)identity;
	if (error)
		return -error;
	if (strcmp(name, "chat") || access("dev/kvtier/chat", F_OK))
		return -ENOENT;
	*space = calloc(1, sizeof(**space));
	(*space)->flags = flags;
	return 0;
}

void kvt_close(struct kvt_space *space)
{
	free(space);
}

uint32_t kvt_block_size(const struct kvt_space *space)
{
	(void)space;
	return BLOCK_SIZE;
}

/* $FAKE_LAYERS: so many; $FAKE_UNLIKE: the first is longer than the others. */
uint32_t kvt_nr_layers(const struct kvt_space *space)
{
	(void)space;
	return answer("FAKE_LAYERS");
}

int kvt_layer(const struct kvt_space *space, uint32_t layer, uint32_t *pos, uint32_t *len)
{
	(void)space;
	(void)pos;
	*len = !layer && getenv("FAKE_UNLIKE") ? 2048 : 1024;
	return 0;
}

static const char *block_path(const struct kvt_key *key)
{
	static char path[128];
	int i, len = sprintf(path, "blocks/");

	for (i = 0; i < KVT_KEY_SIZE; i++)
		len += sprintf(path + len, "%02x", key->bytes[i]);
	return path;
}

ssize_t kvt_put(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		const void *data, const struct kvt_how *how, struct kvt_block *blocks)
{
	FILE *file;

	(void)nr;
	if (space->flags & KVT_OPEN_RDONLY)
		return -EBADF;
	note("put flags=%x class=%u parent=%02x\n", how->flags, how->class_id,
	     how->parent ? how->parent->bytes[0] : 0);
	blocks[0].result = -answer("FAKE_ERRNO");
	if (blocks[0].result)
		return 0;
	blocks[0].slot = 5;
	if (!access(block_path(keys), F_OK)) {
		blocks[0].result = KVT_RES_PRESENT | KVT_TIER_CXL;
		return 1;
	}
	file = fopen(block_path(keys), "w");
	fwrite(data, BLOCK_SIZE, 1, file);
	fclose(file);
	return 1;
}

ssize_t kvt_get(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		uint32_t pos, uint32_t len, void *data, int32_t *results)
{
	FILE *file = fopen(block_path(keys), "r");
	int read;

	(void)space;
	(void)nr;
	results[0] = -ENOENT;
	if (!file)
		return 0;
	fseek(file, pos, SEEK_SET);
	read = fread(data, len, 1, file);
	fclose(file);
	results[0] = KVT_TIER_DRAM;
	return read;
}

ssize_t kvt_lookup(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		   const struct kvt_how *how, struct kvt_block *blocks)
{
	size_t i;
	ssize_t ok = 0;

	(void)space;
	(void)how;
	for (i = 0; i < nr; i++) {
		blocks[i].slot = i;
		blocks[i].result = i > (size_t)ok ? -ECANCELED : -ENOENT;
		if (i > (size_t)ok || access(block_path(&keys[i]), F_OK))
			continue;
		blocks[i].result = KVT_TIER_DRAM;
		ok++;
	}
	return ok;
}

/* With a file "pool" all of them are here from then on. */
ssize_t kvt_prefetch(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		     const struct kvt_how *how, int32_t *results)
{
	size_t i;

	(void)space;
	(void)how;
	(void)results;
	for (i = 0; i < nr && !access("pool", F_OK); i++) {
		FILE *f = fopen(block_path(&keys[i]), "w");

		if (f)
			fclose(f);
	}
	return 0;
}

ssize_t kvt_drop(struct kvt_space *space, const struct kvt_key *keys, size_t nr,
		 const struct kvt_how *how, int32_t *results)
{
	ssize_t ok = 0;
	size_t i;

	(void)space;
	note("drop flags=%x\n", how->flags);
	for (i = 0; i < nr; i++) {
		results[i] = unlink(block_path(&keys[i])) ? -ENOENT : 0;
		ok += !results[i];
	}
	return ok;
}
