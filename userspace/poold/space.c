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
	space->memory.rdma = rdma;
	space->memory.flags = KVP_MEMORY_OPEN;
	LIST_INIT(&space->waiting);
	return space;
}

int pn_space_refresh(struct pn_space *space)
{
	int err = kvp_space_memory_add(&space->memory, space->handle);

	if (err)
		kvp_say_rdma("memory cannot be registered", space->config.space, err);
	return err;
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
		 space->config.space);
	f = fopen(path, "re");
	if (f && fscanf(f, "%lu", &ms) == 1 && ms < 1500UL * patience)
		kvp_log(KVP_ERROR, "fill_timeout_ms of the space is too short",
			"space=%s fill_timeout_ms=%lu patience=%us hint=%s",
			space->config.space, ms, patience,
			kvp_quote("half as much again as the patience, at least"));
	if (f)
		fclose(f);
}

static void close_space(struct pn_space *space)
{
	kvp_space_memory_remove(&space->memory);
	kvt_close(space->handle);
	space->handle = NULL;
}

int pn_space_open(struct pn_space *space, unsigned int patience)
{
	struct kvt_space_info info = { .size = sizeof(info) };
	int err;

	if (space->handle)
		return 0;
	err = kvt_open(space->config.space, 0, NULL, &space->handle);
	if (err) {
		space->handle = NULL;
		kvp_log(KVP_WARN, "space cannot be opened", "space=%s error=%s",
			space->config.space,
			kvp_quote(kvt_strerror(KVT_CALL_OPEN, err)));
		return err;
	}
	err = kvt_info(space->handle, &info);
	if (!err)
		err = pn_space_refresh(space);
	if (err) {
		kvp_log(KVP_ERROR, "space cannot be mapped", "space=%s error=%s",
			space->config.space,
			kvp_quote(kvt_strerror(KVT_CALL_MAP, err)));
		close_space(space);
		return err;
	}
	space->block_size = info.block_size;
	memcpy(space->identity, info.identity, sizeof(space->identity));
	check_patience(space, patience);
	kvp_log(KVP_INFO, "space served", "name=%s space=%s block_size=%u pieces=%u",
		space->config.name, space->config.space, space->block_size,
		space->memory.nr);
	return 0;
}

void pn_space_destroy(struct pn_space *space)
{
	if (space->handle)
		close_space(space);
	explicit_bzero(space, sizeof(*space));
	free(space);
}
