// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <sys/mman.h>

#include "image.h"
#include "must.h"

struct undo {
	u32 device;
	u64 pos;
	u64 bytes;
	u8 *old;
};

void image_add(struct image *m, u64 bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must(p != MAP_FAILED, "no memory for a device of %llu bytes",
	     (unsigned long long)bytes);
	m->media[m->nr_devices] = p;
	m->bytes[m->nr_devices++] = bytes;
}

void image_free(struct image *m)
{
	u32 i;

	for (i = 0; i < m->nr_devices; i++)
		munmap(m->media[i], m->bytes[i]);
	free(m->undo);
	memset(m, 0, sizeof(*m));
}

void image_copy(struct image *to, const struct image *from)
{
	u32 i;

	for (i = 0; i < from->nr_devices; i++) {
		image_add(to, from->bytes[i]);
		memcpy(to->media[i], from->media[i], from->bytes[i]);
	}
}

static void remember(struct image *m, u32 device, u64 pos, u64 bytes)
{
	struct undo *u;

	if (m->nr_undo == m->room_undo) {
		m->room_undo = 2 * m->room_undo + 64;
		m->undo = realloc(m->undo, m->room_undo * sizeof(*u));
		must(m->undo, "no memory");
	}
	u = &m->undo[m->nr_undo++];
	*u = (struct undo){ device, pos, bytes, malloc(bytes) };
	must(u->old, "no memory");
	memcpy(u->old, m->media[device] + pos, bytes);
}

void image_write(struct image *m, u32 device, u64 pos, const void *from, u64 bytes)
{
	if (pos >= m->bytes[device] || !bytes)
		return;
	bytes = min(bytes, m->bytes[device] - pos);
	if (m->trial)
		remember(m, device, pos, bytes);
	if (from)
		memcpy(m->media[device] + pos, from, bytes);
	else
		memset(m->media[device] + pos, 0, bytes);
}

void image_begin(struct image *m)
{
	m->trial = true;
}

void image_back(struct image *m)
{
	while (m->nr_undo) {
		struct undo *u = &m->undo[--m->nr_undo];

		memcpy(m->media[u->device] + u->pos, u->old, u->bytes);
		free(u->old);
	}
	m->trial = false;
}
