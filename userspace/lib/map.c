// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Windows, slots and status words: what is mapped where, and pointers into it.
 * Pointers are looked up without a lock; who finds nothing asks the kernel,
 * maps what is missing, and looks again.
 */
#include <sys/mman.h>

#include "lib.h"

/*
 * Where @offset is, if the whole of the @unit that it lies in is mapped: the end
 * of an area need not be one of a frame, and what has grown may begin inside it.
 */
static char *find(const struct kvt_area *area, uint64_t offset, uint32_t unit)
{
	struct kvt_map *map = atomic_load_explicit(&area->cur,
						   memory_order_acquire);
	uint64_t at, len;

	if (!map || offset < map->offset)
		return NULL;
	at = offset - map->offset;
	len = atomic_load(&map->len);
	if (at >= len || len - at / unit * unit < unit)
		return NULL;
	return map->base + at;
}

static int map_window(struct kvt_space *space, unsigned int arena,
		      const struct kvt_arena_info *info)
{
	struct kvt_extent want = {
		.offset = info->window_offset,
		.len = info->window_len,
		.prot = space->rdonly ? PROT_READ : PROT_READ | PROT_WRITE,
		.node = info->node,
	};

	return kvt_area_map(&space->windows[arena], space->fd, &want);
}

static int map_status(struct kvt_space *space, unsigned int arena,
		      const struct kvt_arena_info *info)
{
	struct kvt_extent want = {
		.offset = info->status_offset,
		.len = info->status_len,
		.prot = PROT_READ,
		.node = -1,
	};

	return kvt_area_map(&space->status[arena], space->fd, &want);
}

static int map_slots(struct kvt_space *space, const struct kvt_space_info *info)
{
	struct kvt_extent want = {
		.offset = info->slots_offset,
		.len = info->slots_len,
		.prot = PROT_READ,
		.node = -1,
		.ahead = true,
	};

	return kvt_area_map(&space->slots, space->fd, &want);
}

/* Not so: an index that is not in use, and an arena on nvme. */
static bool has_window(const struct kvt_arena_info *info)
{
	return info->tier[0] && info->window_len;
}

int kvt_space_map_arena(struct kvt_space *space, unsigned int arena,
			const struct kvt_arena_info *info)
{
	if (!has_window(info))
		return -ENOENT;
	return map_window(space, arena, info);
}

static struct kvt_map *current(struct kvt_area *area)
{
	return atomic_load(&area->cur);
}

/* Hand out what is mapped. With the lock held: @len belongs to @addr. */
static void tell(struct kvt_area *area, const void **addr, size_t *len)
{
	struct kvt_map *map = current(area);

	if (addr)
		*addr = map->base;
	if (len)
		*len = atomic_load(&map->len);
}

int kvt_map_window(struct kvt_space *space, unsigned int arena, void **addr,
		   size_t *len)
{
	struct kvt_space_info info;
	int rc;

	if (!space || arena >= KVT_MAX_ARENAS)
		return -EINVAL;
	pthread_mutex_lock(&space->lock);
	rc = kvt_info(space, &info);
	if (!rc)
		rc = kvt_space_map_arena(space, arena, &info.arenas[arena]);
	if (!rc)
		tell(&space->windows[arena], (const void **)addr, len);
	pthread_mutex_unlock(&space->lock);
	return rc;
}

int kvt_map_windows(struct kvt_space *space)
{
	struct kvt_space_info info;
	unsigned int i;
	int rc;

	if (!space)
		return -EINVAL;
	pthread_mutex_lock(&space->lock);
	rc = kvt_info(space, &info);
	for (i = 0; i < KVT_MAX_ARENAS && !rc; i++)
		if (has_window(&info.arenas[i]))
			rc = map_window(space, i, &info.arenas[i]);
	pthread_mutex_unlock(&space->lock);
	return rc;
}

int kvt_map_slots(struct kvt_space *space, const void **addr, size_t *len)
{
	struct kvt_space_info info;
	int rc;

	if (!space)
		return -EINVAL;
	pthread_mutex_lock(&space->lock);
	rc = kvt_info(space, &info);
	if (!rc)
		rc = map_slots(space, &info);
	if (!rc)
		tell(&space->slots, addr, len);
	pthread_mutex_unlock(&space->lock);
	return rc;
}

int kvt_map_status(struct kvt_space *space, unsigned int arena,
		   const struct kvt_status **words, size_t *nr)
{
	struct kvt_space_info info;
	int rc;

	if (!space || arena >= KVT_MAX_ARENAS || !words)
		return -EINVAL;
	pthread_mutex_lock(&space->lock);
	rc = kvt_info(space, &info);
	if (!rc && !has_window(&info.arenas[arena]))
		rc = -ENOENT;
	if (!rc)
		rc = map_status(space, arena, &info.arenas[arena]);
	if (!rc) {
		tell(&space->status[arena], (const void **)words, NULL);
		if (nr)
			*nr = info.arenas[arena].nr_frames;
	}
	pthread_mutex_unlock(&space->lock);
	return rc;
}

static int refresh_arena(struct kvt_space *space, unsigned int arena,
			 struct kvt_arena_info *info)
{
	int rc = 0;

	if (!has_window(info)) {
		info->window_len = 0;
		info->status_len = 0;
	}
	if (current(&space->windows[arena]))
		rc = map_window(space, arena, info);
	if (!rc && current(&space->status[arena]))
		rc = map_status(space, arena, info);
	return rc;
}

int kvt_refresh(struct kvt_space *space)
{
	struct kvt_space_info info;
	unsigned int i;
	int rc;

	if (!space)
		return -EINVAL;
	pthread_mutex_lock(&space->lock);
	rc = kvt_info(space, &info);
	for (i = 0; i < KVT_MAX_ARENAS && !rc; i++)
		rc = refresh_arena(space, i, &info.arenas[i]);
	if (!rc && current(&space->slots))
		rc = map_slots(space, &info);
	pthread_mutex_unlock(&space->lock);
	return rc;
}

/* Which arena's window has @offset, according to the kernel; or negative. */
static int arena_of(const struct kvt_space_info *info, uint64_t offset)
{
	const struct kvt_arena_info *arena = info->arenas;
	int i;

	for (i = 0; i < KVT_MAX_ARENAS; i++, arena++)
		if (has_window(arena) && offset >= arena->window_offset &&
		    offset - arena->window_offset < arena->window_len)
			return i;
	return -ERANGE;
}

static int map_window_at(struct kvt_space *space, uint64_t offset)
{
	struct kvt_space_info info;
	int rc;

	pthread_mutex_lock(&space->lock);
	rc = kvt_info(space, &info);
	if (!rc)
		rc = arena_of(&info, offset);
	if (rc >= 0)
		rc = map_window(space, rc, &info.arenas[rc]);
	pthread_mutex_unlock(&space->lock);
	return rc;
}

static char *find_window(const struct kvt_space *space, uint64_t offset,
			 unsigned int *arena)
{
	char *p;

	for (*arena = 0; *arena < KVT_MAX_ARENAS; ++*arena) {
		p = find(&space->windows[*arena], offset, space->block_size);
		if (p)
			return p;
	}
	return NULL;
}

/* find_window(), after mapping the window if need be; or NULL, and @rc why. */
static char *need_window(struct kvt_space *space, uint64_t offset,
			 unsigned int *arena, int *rc)
{
	char *p;

	*rc = -EINVAL;
	if (!space)
		return NULL;
	p = find_window(space, offset, arena);
	if (p)
		return p;
	*rc = map_window_at(space, offset);
	if (*rc)
		return NULL;
	*rc = -ERANGE; /* no whole frame is there */
	return find_window(space, offset, arena);
}

void *kvt_ptr(struct kvt_space *space, uint64_t offset)
{
	unsigned int arena;
	int rc;
	char *p = need_window(space, offset, &arena, &rc);

	if (!p)
		errno = -rc;
	return p;
}

/* Slots are looked up by their distance from the area's beginning. */
static char *find_slot(const struct kvt_space *space, uint32_t slot)
{
	struct kvt_map *map = atomic_load_explicit(&space->slots.cur,
						   memory_order_acquire);

	if (!map)
		return NULL;
	return find(&space->slots,
		    map->offset + (uint64_t)slot * space->block_size,
		    space->block_size);
}

const void *kvt_slot(struct kvt_space *space, uint32_t slot)
{
	char *p;
	int rc;

	if (!space) {
		errno = EINVAL;
		return NULL;
	}
	p = find_slot(space, slot);
	if (p)
		return p;
	rc = kvt_map_slots(space, NULL, NULL);
	p = rc ? NULL : find_slot(space, slot);
	if (!p)
		errno = rc ? -rc : ERANGE;
	return p;
}

static const uint64_t *find_status(const struct kvt_space *space,
				   unsigned int arena, uint64_t frame)
{
	struct kvt_map *map = atomic_load_explicit(&space->status[arena].cur,
						   memory_order_acquire);

	if (!map)
		return NULL;
	return (const uint64_t *)find(&space->status[arena], map->offset +
				      frame * sizeof(struct kvt_status),
				      sizeof(struct kvt_status));
}

static const uint64_t *need_status(struct kvt_space *space, unsigned int arena,
				   uint64_t frame, int *rc)
{
	const struct kvt_status *words;
	const uint64_t *word = find_status(space, arena, frame);

	*rc = 0;
	if (word)
		return word;
	*rc = kvt_map_status(space, arena, &words, NULL);
	if (*rc)
		return NULL;
	*rc = -ERANGE; /* it was taken away meanwhile */
	return find_status(space, arena, frame);
}

const uint64_t *kvt_status_word(struct kvt_space *space, uint64_t offset, int *rc)
{
	unsigned int arena;

	if (!need_window(space, offset, &arena, rc))
		return NULL;
	offset -= current(&space->windows[arena])->offset;
	return need_status(space, arena, offset / space->block_size, rc);
}

int kvt_frame_status(struct kvt_space *space, uint64_t offset,
		     struct kvt_status *status)
{
	const uint64_t *word;
	int rc;

	if (!status)
		return -EINVAL;
	word = kvt_status_word(space, offset, &rc);
	if (!word)
		return rc;
	*status = kvt_status_read(word);
	return 0;
}
