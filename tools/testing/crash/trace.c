// SPDX-License-Identifier: GPL-2.0
#include "must.h"
#include "trace.h"

static const u8 *own_copy(const void *data, u64 bytes)
{
	u8 *copy;

	if (!data || !bytes)
		return NULL;
	copy = malloc(bytes);
	must(copy, "no memory");
	return memcpy(copy, data, bytes);
}

size_t trace_issue(struct trace *t, u32 device, u64 pos, const void *data, u64 bytes,
		   u32 flags)
{
	if (t->nr == t->room) {
		t->room = 2 * t->room + 1024;
		t->writes = realloc(t->writes, t->room * sizeof(*t->writes));
		must(t->writes, "no memory");
	}
	t->writes[t->nr] = (struct write){
		.device = device,
		.flags = flags,
		.pos = pos,
		.bytes = bytes,
		.data = t->own_data ? own_copy(data, bytes) : data,
		.issued = t->now++,
		.completed = NEVER,
		.durable = NEVER,
	};
	return t->nr++;
}

void trace_complete(struct trace *t, size_t nr)
{
	t->writes[nr].completed = t->now++;
}

/* A flush makes durable what was completed on its device before it was issued. */
static void settle_flush(struct trace *t, size_t from, size_t flush)
{
	const struct write *f = &t->writes[flush];
	size_t i;

	for (i = from; i < flush; i++) {
		struct write *w = &t->writes[i];

		if (w->device == f->device && w->completed < f->issued)
			w->durable = min(w->durable, f->completed);
	}
}

void trace_settle(struct trace *t)
{
	size_t i, from = 0;

	for (i = 0; i < t->nr; i++) {
		struct write *w = &t->writes[i];

		if (w->flags & WRITE_FUA)
			w->durable = min(w->durable, w->completed);
		if (w->flags & WRITE_FLUSH)
			settle_flush(t, from, i);
		while (from < i && t->writes[from].durable != NEVER &&
		       t->writes[from].durable <= w->issued)
			from++;
	}
}

void trace_free(struct trace *t)
{
	size_t i;

	for (i = 0; t->own_data && i < t->nr; i++)
		free((void *)t->writes[i].data);
	free(t->writes);
	memset(t, 0, sizeof(*t));
}
