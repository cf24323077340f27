// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "space_memory.h"

/**
 * struct kvp_space_piece - registered
 * @addr: where
 * @length: bytes
 * @memory: RDMA's
 */
struct kvp_space_piece {
	char *addr;
	size_t length;
	struct kvp_memory *memory;
};

static int add_piece(void *addr, size_t length, unsigned int arena, void *arg)
{
	struct kvp_space_memory *m = arg;
	struct kvp_space_piece *more;
	int err;

	(void)arena;
	more = realloc(m->pieces, (m->nr + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->pieces = more;
	more += m->nr;
	more->addr = addr;
	more->length = length;
	err = kvp_memory_add(m->rdma, addr, length, m->flags, &more->memory);
	if (!err)
		m->nr++;
	return err;
}

/* The walk failed: the last piece first. */
static int drop_piece(void *addr, size_t length, unsigned int arena, void *arg)
{
	struct kvp_space_memory *m = arg;

	(void)addr;
	(void)length;
	(void)arena;
	kvp_memory_remove(m->pieces[--m->nr].memory);
	return 0;
}

int kvp_space_memory_add(struct kvp_space_memory *m, struct kvt_space *space)
{
	return kvt_for_each_chunk(space, 0, &m->seen, add_piece, drop_piece, m);
}

bool kvp_space_memory_has(const struct kvp_space_memory *m, const void *p)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++)
		if ((const char *)p >= m->pieces[i].addr &&
		    (size_t)((const char *)p - m->pieces[i].addr) < m->pieces[i].length)
			return true;
	return false;
}

void kvp_space_memory_remove(struct kvp_space_memory *m)
{
	while (m->nr)
		kvp_memory_remove(m->pieces[--m->nr].memory);
	free(m->pieces);
	m->pieces = NULL;
	memset(&m->seen, 0, sizeof(m->seen));
}
