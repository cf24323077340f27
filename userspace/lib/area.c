// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mapping one area so that it can grow and nothing moves.
 *
 * Address space is reserved with an inaccessible mapping, several times what the
 * area needs, and the area is mapped over its beginning. When it grows, the new
 * part is mapped behind the old. Where address space is scarce only what is
 * needed is reserved; growing past a reservation then maps the area a second
 * time and keeps the old mapping for who has pointers into it.
 *
 * The base is congruent to the mmap offset modulo 2 MiB: fixed addresses bypass
 * the kernel's own alignment, without which there are no huge page tables.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

#include "lib.h"

#define GROWTH		4	/* reserve so many times the length, */
static const uint64_t reserve_min = /* and no less than this */
	sizeof(void *) > 4 ? 64ULL << 30 : KVT_HUGE;

static uint64_t round_huge(uint64_t bytes)
{
	return (bytes + KVT_HUGE - 1) & ~(uint64_t)(KVT_HUGE - 1);
}

/* Reserve @bytes behind a base that suits @map->offset. */
static int reserve(struct kvt_map *map, uint64_t bytes)
{
	size_t len = bytes + KVT_HUGE;
	uintptr_t raw;
	void *p;

	if (bytes > SIZE_MAX - KVT_HUGE)
		return -ENOMEM;
	p = mmap(NULL, len, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	raw = (uintptr_t)p;
	map->raw = p;
	map->raw_len = len;
	map->base = (char *)p + ((map->offset - raw) & (KVT_HUGE - 1));
	map->reserved = bytes;
	return 0;
}

static int reserve_some(struct kvt_map *map, uint64_t len)
{
	uint64_t want;

	if (!len || len > UINT64_MAX / (2 * GROWTH))
		return -EOVERFLOW;
	want = round_huge(len * GROWTH);
	if (want < reserve_min)
		want = reserve_min;
	if (!reserve(map, want))
		return 0;
	return reserve(map, round_huge(len)); /* ulimit -v, a small machine */
}

/*
 * Map it anywhere, then move it into place: a MAP_FIXED that the kernel refuses
 * could leave a hole in the reservation, where another thread's mapping might go
 * and kvt_close() would unmap it. Should the move fail after all, the rest of the
 * reservation is given up (not freed), for the same reason.
 */
static int map_up_to(struct kvt_map *map, int fd, uint64_t end,
		     const struct kvt_extent *want)
{
	size_t len = end - map->mapped;
	void *to = map->base + map->mapped;
	void *p = mmap(NULL, len, want->prot, MAP_SHARED, fd,
		       (off_t)(map->offset + map->mapped));
	int rc;

	if (p == MAP_FAILED)
		return -errno;
	if (mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to) {
		map->mapped = end;
		kvt_numa_bind(to, len, want->node);
		return 0;
	}
	rc = -errno;
	munmap(p, len);
	map->reserved = map->mapped;
	map->raw_len = (size_t)((char *)to - (char *)map->raw);
	return rc;
}

/* Map at least @want->len; where it is allowed, as far as the kernel goes. */
static int extend(struct kvt_map *map, int fd, const struct kvt_extent *want)
{
	uint64_t end = map->reserved;

	if (want->ahead)
		for (; end > want->len; end = round_huge(end / 2)) {
			if (!map_up_to(map, fd, end, want))
				return 0;
			if (end <= KVT_HUGE)
				break;
		}
	if (want->len > map->reserved)
		return -ENOMEM;
	return map_up_to(map, fd, want->len, want);
}

static struct kvt_map *make_map(int fd, const struct kvt_extent *want, int *err)
{
	struct kvt_map *map = calloc(1, sizeof(*map));

	*err = -ENOMEM;
	if (!map)
		return NULL;
	map->offset = want->offset;
	*err = reserve_some(map, want->len);
	if (*err)
		goto free_map;
	*err = extend(map, fd, want);
	if (*err)
		goto unreserve;
	return map;

unreserve:
	munmap(map->raw, map->raw_len);
free_map:
	free(map);
	return NULL;
}

static bool fits(const struct kvt_map *map, const struct kvt_extent *want)
{
	return map && map->offset == want->offset && want->len <= map->reserved;
}

int kvt_area_map(struct kvt_area *area, int fd, const struct kvt_extent *want)
{
	struct kvt_map *map = atomic_load(&area->cur);
	int rc = 0;

	if (map && !want->len) {
		atomic_store(&map->len, 0);
		return 0;
	}
	if (!fits(map, want)) {
		struct kvt_map *fresh = make_map(fd, want, &rc);

		if (!fresh)
			return rc;
		fresh->older = map;
		map = fresh;
	} else if (want->len > map->mapped) {
		rc = extend(map, fd, want);
		if (rc)
			return rc;
	}
	atomic_store(&map->len, want->len);
	atomic_store_explicit(&area->cur, map, memory_order_release);
	return 0;
}

void kvt_area_unmap(struct kvt_area *area)
{
	struct kvt_map *map = atomic_exchange(&area->cur, NULL);

	while (map) {
		struct kvt_map *older = map->older;

		munmap(map->raw, map->raw_len);
		free(map);
		map = older;
	}
}
