// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "space.h"

#define SYSFS "/sys/class/kvtier"

struct pn_space *pn_space_create(const struct pn_space_config *config,
				 struct kvp_rdma *rdma)
{
	struct pn_space *space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->config = *config;
	space->rdma = rdma;
	LIST_INIT(&space->waiting);
	return space;
}

static int add_piece(void *addr, size_t len, unsigned int arena, void *arg)
{
	struct pn_space *space = arg;
	struct kvp_memory **memory = realloc(space->memory,
			(space->nr_memory + 1) * sizeof(*space->memory));
	int err;

	(void)arena;
	if (!memory)
		return -ENOMEM;
	space->memory = memory;
	err = kvp_memory_add(space->rdma, addr, len, KVP_MEMORY_OPEN,
			     &memory[space->nr_memory]);
	if (err) {
		pn_say_rdma("memory cannot be registered", space->config.local, err);
		return err;
	}
	space->nr_memory++;
	return 0;
}

static int drop_piece(void *addr, size_t len, unsigned int arena, void *arg)
{
	struct pn_space *space = arg;

	(void)addr;
	(void)len;
	(void)arena;
	kvp_memory_remove(space->memory[--space->nr_memory]);
	return 0;
}

int pn_space_refresh(struct pn_space *space)
{
	return kvt_for_each_chunk(space->handle, 0, &space->seen, add_piece,
				  drop_piece, space);
}

/*
 * A fill that nobody commits ends with its client, after the patience. Were the
 * kernel less patient, it would give the frame to another while the client can still
 * write to it.
 */
static void check_patience(const struct pn_space *space, unsigned int patience)
{
	char path[sizeof(SYSFS) + KVT_NAME_SIZE + sizeof("/fill_timeout_ms") + 1];
	unsigned long ms = 0;
	FILE *f;

	snprintf(path, sizeof(path), SYSFS "/%s/fill_timeout_ms",
		 space->config.local);
	f = fopen(path, "re");
	if (f && fscanf(f, "%lu", &ms) == 1 && ms < 1500UL * patience)
		kvd_log(KVD_ERROR, "fill_timeout_ms of the space is too short",
			"space=%s fill_timeout_ms=%lu patience=%us hint=%s",
			space->config.local, ms, patience,
			kvd_quote("half as much again as the patience, at least"));
	if (f)
		fclose(f);
}

static void close_space(struct pn_space *space)
{
	while (space->nr_memory)
		kvp_memory_remove(space->memory[--space->nr_memory]);
	free(space->memory);
	space->memory = NULL;
	memset(&space->seen, 0, sizeof(space->seen));
	kvt_close(space->handle);
	space->handle = NULL;
}

int pn_space_open(struct pn_space *space, unsigned int patience)
{
	struct kvt_space_info info = { .size = sizeof(info) };
	int err;

	if (space->handle)
		return 0;
	err = kvt_open(space->config.local, 0, NULL, &space->handle);
	if (err) {
		space->handle = NULL;
		kvd_log(KVD_WARN, "space cannot be opened", "space=%s error=%s",
			space->config.local,
			kvd_quote(kvt_strerror(KVT_CALL_OPEN, err)));
		return err;
	}
	err = kvt_info(space->handle, &info);
	if (!err)
		err = pn_space_refresh(space);
	if (err) {
		kvd_log(KVD_ERROR, "space cannot be mapped", "space=%s error=%s",
			space->config.local,
			kvd_quote(kvt_strerror(KVT_CALL_MAP, err)));
		close_space(space);
		return err;
	}
	space->block_size = info.block_size;
	memcpy(space->identity, info.identity, sizeof(space->identity));
	check_patience(space, patience);
	kvd_log(KVD_INFO, "space served", "name=%s space=%s block_size=%u pieces=%zu",
		space->config.name, space->config.local, space->block_size,
		space->nr_memory);
	return 0;
}

void pn_space_destroy(struct pn_space *space)
{
	if (space->handle)
		close_space(space);
	explicit_bzero(space, sizeof(*space));
	free(space);
}
