// SPDX-License-Identifier: GPL-2.0
/* Arguments that mostly make sense, from few names and keys, so that calls meet. */
#include <string.h>
#include <unistd.h>

#include "calls.h"

const char *const space_names[4] = { NAME "a", NAME "b", NAME "c", NAME "none" };
const char *const tier_names[6] = {
	NAME "dram", NAME "cxl", NAME "more", NAME "flash", NAME "pool", NAME "none",
};

uint32_t draw_below(struct thread *t, uint32_t n)
{
	return rng_below(&t->rng, n);
}

bool draw_chance(struct thread *t, uint32_t one_in)
{
	return rng_one_in(&t->rng, one_in);
}

/* Numbers near which checks tend to be wrong. */
uint64_t draw_edge(struct thread *t)
{
	static const uint64_t edges[] = {
		0, 1, 2, 8, 15, 16, 31, 32, 0777, 4095, 4096, 16384, 1 << 20, 1 << 21,
		64 << 20, KVT_MAX_TIMEOUT_NS, 1ULL << 31, 1ULL << 32, 1ULL << 44,
		1ULL << 50, 1ULL << 56, 1ULL << 63, UINT64_MAX,
	};
	uint64_t n = edges[draw_below(t, ARRAY_SIZE(edges))];

	switch (draw_below(t, 6)) {
	case 0:
		return n - 1;
	case 1:
		return n + 1;
	case 2:
		return rng_next(&t->rng) >> draw_below(t, 64);
	}
	return n;
}

/* Once in so many times: some fields get other numbers. */
void draw_spoil(struct thread *t, void *p, size_t bytes, uint32_t one_in)
{
	uint32_t nr, n;
	size_t at;

	if (!draw_chance(t, one_in))
		return;
	for (nr = 1 + draw_below(t, 2); nr--;) {
		n = draw_edge(t);
		at = draw_below(t, bytes / sizeof(n)) * sizeof(n);
		memcpy((char *)p + at, &n, sizeof(n));
	}
}

void draw_name(struct thread *t, uint8_t *name, const char *const *names, uint32_t nr)
{
	const char *text = names[draw_below(t, nr)];

	memset(name, 0, KVT_NAME_SIZE);
	memcpy(name, text, strlen(text));
	draw_spoil(t, name, KVT_NAME_SIZE, 64);
}

/* Number @number of a few chains. */
void draw_key(struct thread *t, uint8_t *key, uint32_t number)
{
	memset(key, 0, KVT_KEY_SIZE);
	key[0] = 1 + number / 64 % 4;
	key[31] = 1 + number % 64;
	if (draw_chance(t, 256))
		memset(key, 0, KVT_KEY_SIZE);
}

/* Of @bytes that are ours, mostly. What is in the areas may be a map, or nothing. */
uint64_t draw_address(struct thread *t, size_t bytes)
{
	uint64_t area = (uintptr_t)t->p->areas;

	switch (draw_below(t, 16)) {
	case 0:
		return draw_edge(t);
	case 1:
		return area + draw_below(t, NR_AREAS) * AREA_BYTES + draw_below(t, 64) * 4096;
	case 2:
		return (uintptr_t)t->p->scratch + SCRATCH_BYTES - 64;
	default:
		if (bytes >= SCRATCH_BYTES)
			return area + draw_below(t, NR_AREAS) * AREA_BYTES;
		return (uintptr_t)t->p->scratch +
			draw_below(t, (SCRATCH_BYTES - bytes) / 8) * 8;
	}
}

/* Any that is open will do now and then; there may be none. */
struct file *draw_file(struct thread *t, enum file_kind kind)
{
	uint32_t i, at = draw_below(t, NR_FILES);
	bool any = draw_chance(t, 64);

	for (i = 0; i < NR_FILES; i++) {
		struct file *f = &t->p->files[(at + i) % NR_FILES];
		int is = atomic_load(&f->kind);

		if (is == (int)kind || (any && is != NO_FILE))
			return f;
	}
	return NULL;
}

/* Where there is room for it; closed if not. */
bool draw_keep_file(struct thread *t, int fd, enum file_kind kind)
{
	uint32_t i;

	if (fd < 0)
		return false;
	for (i = 0; i < NR_FILES; i++) {
		struct file *f = &t->p->files[i];
		int none = NO_FILE;

		if (!atomic_compare_exchange_strong(&f->kind, &none, kind))
			continue;
		atomic_store(&f->fd, fd);
		return true;
	}
	close(fd);
	return false;
}
