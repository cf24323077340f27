// SPDX-License-Identifier: GPL-2.0
/*
 * The log of the device mapper's log-writes target (Documentation/admin-guide/
 * device-mapper/log-writes.rst of the kernel). It has a write in it after it was
 * completed, and one that was not flushed yet not before the next flush: so each
 * is issued and completed at once here.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "must.h"
#include "trace.h"

#define DM_MAGIC	0x6a736677736872ULL
#define DM_FLUSH	(1 << 0)
#define DM_FUA		(1 << 1)
#define DM_DISCARD	(1 << 2)
#define DM_MARK		(1 << 3)

struct dm_super {
	__le64 magic;
	__le64 version;
	__le64 nr_entries;
	__le32 sectorsize;
};

struct dm_entry {
	__le64 sector;
	__le64 nr_sectors;
	__le64 flags;
	__le64 data_len;
};

struct dm_log {
	const u8 *map;
	u64 bytes;
	u64 pos;
	u32 sectorsize;
};

static void open_log(struct dm_log *l, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t end;

	must(fd >= 0, "%s cannot be opened", path);
	end = lseek(fd, 0, SEEK_END);
	must(end > 4096, "%s is no log of dm-log-writes: too short", path);
	l->bytes = end;
	l->map = mmap(NULL, end, PROT_READ, MAP_PRIVATE, fd, 0);
	must(l->map != MAP_FAILED, "%s cannot be mapped", path);
	close(fd);
}

static u32 write_flags(u64 flags)
{
	return (flags & DM_FLUSH ? WRITE_FLUSH : 0) | (flags & DM_FUA ? WRITE_FUA : 0) |
	       (flags & DM_DISCARD ? WRITE_DISCARD : 0);
}

static void take_entry(struct trace *t, struct dm_log *l)
{
	const struct dm_entry *e = (const void *)(l->map + l->pos);
	u64 flags = le64_to_cpu(e->flags), bytes = le64_to_cpu(e->nr_sectors) * l->sectorsize;
	const u8 *data = l->map + l->pos + l->sectorsize;
	u64 stored = flags & DM_DISCARD ? 0 : bytes;

	must(stored <= l->bytes && l->pos + l->sectorsize + stored <= l->bytes,
	     "the log ends in the middle of a write");
	l->pos += l->sectorsize + stored;
	if (flags & DM_MARK)
		return;
	trace_complete(t, trace_issue(t, 0, le64_to_cpu(e->sector) * l->sectorsize,
				      flags & DM_DISCARD ? NULL : data, bytes,
				      write_flags(flags)));
}

void trace_load(struct trace *t, const char *path)
{
	const struct dm_super *super;
	struct dm_log l = {};
	u64 i, nr;

	open_log(&l, path);
	super = (const void *)l.map;
	must(le64_to_cpu(super->magic) == DM_MAGIC, "%s is no log of dm-log-writes", path);
	l.sectorsize = le32_to_cpu(super->sectorsize);
	must(l.sectorsize >= 512 && l.sectorsize <= 4096, "%s: odd sector size", path);
	l.pos = l.sectorsize;
	nr = le64_to_cpu(super->nr_entries);
	for (i = 0; i < nr && l.pos + l.sectorsize <= l.bytes; i++)
		take_entry(t, &l);
	must(i == nr, "%s has %llu of its %llu entries", path, (unsigned long long)i,
	     (unsigned long long)nr);
}
