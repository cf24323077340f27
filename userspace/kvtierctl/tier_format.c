// SPDX-License-Identifier: GPL-2.0
/*
 * Make devices into the set of an nvme tier. All are opened and looked at before
 * anything is written to any of them.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "args.h"
#include "log_set.h"
#include "out.h"
#include "say.h"
#include "signature.h"
#include "size.h"

#define FIRST_SEGMENT	((u64)KVT_LOG_SUPER_COPIES * KVT_LOG_SUPER_STEP)
#define USUAL_SEGMENT	(64ULL << 20)
#define FEW_SEGMENTS	32	/* with less of them they are made smaller */
#define LEAST_SEGMENTS	4
#define DEVICE_GRAIN	(1ULL << 20)	/* zeroed at the device's end, at least */

struct format {
	struct media media[KVT_LOG_MAX_DEVICES];
	bool foreign[KVT_LOG_MAX_DEVICES];	/* it had a signature */
	u32 nr;
	u32 grade;
	u64 segment_bytes;
	bool force;
	bool no_discard;
	bool json;
	u8 uuid[16];
};

static const char *arg_grade(const char *text, void *to)
{
	u32 *grade = to;

	if (!strcmp(text, "fast"))
		*grade = KVT_LOG_FAST;
	else if (!strcmp(text, "bulk"))
		*grade = KVT_LOG_BULK;
	else
		return "a class of devices is fast or bulk";
	return NULL;
}

static const char *arg_segment(const char *text, void *to)
{
	const char *wrong = arg_size(text, to);
	uint64_t bytes = wrong ? 0 : *(uint64_t *)to;

	if (wrong)
		return wrong;
	if (bytes < KVT_LOG_SEGMENT_MIN || bytes > KVT_LOG_SEGMENT_MAX || bytes & (bytes - 1))
		return "a segment is 1M, 2M, 4M, ... or 256M";
	return NULL;
}

/* ------------------------------------------------------------------- checks */

static int check_twice(const struct format *f, u32 i)
{
	u32 j;

	for (j = 0; j < i; j++)
		if (media_same(&f->media[j], &f->media[i]))
			return cannot(CTL_USAGE, "%s and %s are the same device; name each once",
				      f->media[j].path, f->media[i].path);
	return CTL_OK;
}

static int check_blocks(const struct media *m)
{
	unsigned int bytes = media_logical_block(m);

	if (bytes > KVT_LOG_PAGE)
		return cannot(CTL_FAILED, "%s has logical blocks of %u bytes, of which 4096 are supported at most; see nvme format --lbaf",
			      m->path, bytes);
	if (media_is_zoned(m))
		return cannot(CTL_FAILED, "%s is a zoned device, which takes no writes in place; name another device",
			      m->path);
	return CTL_OK;
}

static int check_super(const struct media *m)
{
	struct kvt_log_super s;
	char uuid[UUID_TEXT];
	int i, err;

	for (i = 0; i < KVT_LOG_SUPER_COPIES; i++) {
		err = log_super_read(m, i, &s);
		if (err == -EUCLEAN || err == -EPROTONOSUPPORT)
			return cannot(CTL_FAILED, "%s is formatted for kvtier already (superblock %d is %s); give --force if all on it may be lost",
				      m->path, i, log_error_text(err));
		if (!err || err == -EOVERFLOW)
			return cannot(CTL_FAILED, "%s is formatted for kvtier already, as device %u of %u of the set %s; look with kvtierctl tier check, give --force if all on it may be lost",
				      m->path, le32_to_cpu(s.index), le32_to_cpu(s.nr_devices),
				      log_uuid_text(s.set, uuid));
		if (err != -EMEDIUMTYPE)
			return cannot(CTL_FAILED, "%s cannot be read: %s", m->path, strerror(-err));
	}
	return CTL_OK;
}

static int check_foreign(struct format *f, u32 i)
{
	char text[SIGNATURE_TEXT];
	int found = signature_find(&f->media[i], text);

	f->foreign[i] = found > 0;
	if (!found || f->force)
		return CTL_OK;
	if (found < 0)
		return cannot(CTL_FAILED, "what is on %s cannot be told: %s; give --force if all on it may be lost",
			      f->media[i].path, text);
	return cannot(CTL_FAILED, "%s holds data: %s; if they may be lost give --force, or remove them with wipefs --all",
		      f->media[i].path, text);
}

static int check_device(struct format *f, u32 i, const char *path)
{
	const struct media *m = &f->media[i];
	int code = media_open(&f->media[i], path, MEDIA_WRITE);

	if (!code)
		code = check_twice(f, i);
	if (!code)
		code = check_blocks(m);
	if (!code && m->bytes < FIRST_SEGMENT + LEAST_SEGMENTS * KVT_LOG_SEGMENT_MIN)
		code = cannot(CTL_FAILED, "%s has %llu bytes; 6 MiB are the least", path,
			      (unsigned long long)m->bytes);
	if (!code && !f->force)
		code = check_super(m);
	return code ? code : check_foreign(f, i);
}

/* Of the same length on all devices of a set. */
static void choose_segment(struct format *f)
{
	u64 least = UINT64_MAX, most = 0;
	u32 i;

	for (i = 0; i < f->nr; i++) {
		least = min(least, f->media[i].bytes - FIRST_SEGMENT);
		most = max(most, f->media[i].bytes - FIRST_SEGMENT);
	}
	f->segment_bytes = USUAL_SEGMENT;
	while (f->segment_bytes > KVT_LOG_SEGMENT_MIN && least / f->segment_bytes < FEW_SEGMENTS)
		f->segment_bytes /= 2;
	while (f->segment_bytes < KVT_LOG_SEGMENT_MAX &&
	       most / f->segment_bytes > KVT_LOG_MAX_SEGMENTS)
		f->segment_bytes *= 2;
}

static u32 nr_segments(const struct format *f, u32 i)
{
	u64 nr = (f->media[i].bytes - FIRST_SEGMENT) / f->segment_bytes;

	return nr < KVT_LOG_MAX_SEGMENTS ? nr : KVT_LOG_MAX_SEGMENTS;
}

static int check_segments(const struct format *f)
{
	char has[SIZE_TEXT], segment[SIZE_TEXT];
	u32 i;

	for (i = 0; i < f->nr; i++)
		if (nr_segments(f, i) < LEAST_SEGMENTS)
			return cannot(CTL_FAILED, "%s (%s) has no room for 4 segments of %s; give a smaller --segment-size",
				      f->media[i].path, size_text(f->media[i].bytes, has),
				      size_exact(f->segment_bytes, segment));
	return CTL_OK;
}

static int check_all(struct format *f, char **paths)
{
	int code = CTL_OK;
	u32 i;

	for (i = 0; !code && i < f->nr; i++)
		code = check_device(f, i, paths[i]);
	if (code)
		return code;
	if (!f->segment_bytes)
		choose_segment(f);
	return check_segments(f);
}

/* ------------------------------------------------------------------ writing */

static int zero_range(const struct media *m, u64 from, u64 to)
{
	static const char zeros[1 << 16];
	u64 pos, bytes;
	int err = 0;

	for (pos = from; !err && pos < to; pos += bytes) {
		bytes = min(to - pos, (u64)sizeof(zeros));
		err = media_write(m, pos, zeros, bytes);
	}
	return err;
}

/* What other tools would know the device by: at its ends, and wherever else. */
static int clear_device(const struct format *f, u32 i)
{
	const struct media *m = &f->media[i];
	int err = 0;

	if (!f->no_discard)
		err = media_discard(m);
	if (!err)
		err = zero_range(m, 0, FIRST_SEGMENT);
	if (!err)
		err = zero_range(m, m->bytes - DEVICE_GRAIN, m->bytes);
	if (!err && f->foreign[i])
		err = signature_wipe(m);
	return err;
}

static void make_super(const struct format *f, u32 i, struct kvt_log_super *s)
{
	memset(s, 0, sizeof(*s));
	s->magic = cpu_to_le64(KVT_LOG_SUPER_MAGIC);
	s->version = cpu_to_le32(KVT_LOG_VERSION);
	s->sequence = cpu_to_le64(1);
	memcpy(s->set, f->uuid, sizeof(s->set));
	s->nr_devices = cpu_to_le32(f->nr);
	s->index = cpu_to_le32(i);
	s->nr_segments = cpu_to_le32(nr_segments(f, i));
	s->grade = cpu_to_le32(f->grade);
	s->segment_bytes = cpu_to_le64(f->segment_bytes);
	s->first_segment = cpu_to_le64(FIRST_SEGMENT);
	kvt_log_seal_super(s);
}

static int write_super(const struct format *f, u32 i)
{
	const struct media *m = &f->media[i];
	struct kvt_log_super s;
	int err;

	make_super(f, i, &s);
	err = media_write(m, 0, &s, sizeof(s));
	if (!err)
		err = media_write(m, KVT_LOG_SUPER_STEP, &s, sizeof(s));
	if (!err && fsync(m->fd))
		err = -errno;
	if (!err && f->foreign[i] && !m->is_file)
		ioctl(m->fd, BLKRRPART);	/* partitions, if it had some, are gone */
	return err;
}

static int write_each(const struct format *f, int (*write)(const struct format *f, u32 i))
{
	u32 i;

	for (i = 0; i < f->nr; i++) {
		int err = write(f, i);

		if (err)
			return cannot(CTL_FAILED, "writing to %s failed: %s; look for the cause (dmesg), then format the set again",
				      f->media[i].path, strerror(-err));
	}
	return CTL_OK;
}

static int make_uuid(struct format *f)
{
	if (getrandom(f->uuid, sizeof(f->uuid), 0) != sizeof(f->uuid))
		return cannot(CTL_FAILED, "no random number for the set's name: %s",
			      strerror(errno));
	f->uuid[6] = (f->uuid[6] & 0x0f) | 0x40;	/* version 4, RFC 9562 */
	f->uuid[8] = (f->uuid[8] & 0x3f) | 0x80;
	return CTL_OK;
}

/* A set that was not finished has devices without superblock: it is none. */
static int write_all(struct format *f)
{
	int code = make_uuid(f);

	if (!code)
		code = write_each(f, clear_device);
	return code ? code : write_each(f, write_super);
}

/* ------------------------------------------------------------------- output */

static const struct column columns[] = {
	COLUMN("DEVICE",	"device",	COL_TEXT),
	COLUMN("INDEX",		"index",	COL_COUNT),
	COLUMN("SIZE",		"size",		COL_SIZE),
	COLUMN("SEGMENTS",	"segments",	COL_COUNT),
	COLUMN("USABLE",	"usable",	COL_SIZE),
	{}
};

static json_object *tell_devices(const struct format *f)
{
	json_object *rows = json_object_new_array();
	u32 i;

	for (i = 0; i < f->nr; i++) {
		json_object *row = json_object_new_object();

		put_text(row, "device", f->media[i].path);
		put_int(row, "index", i);
		put_int(row, "size", f->media[i].bytes);
		put_int(row, "segments", nr_segments(f, i));
		put_int(row, "usable", nr_segments(f, i) * f->segment_bytes);
		json_object_array_add(rows, row);
	}
	return rows;
}

static void tell(const struct format *f)
{
	json_object *all = json_object_new_object(), *devices = tell_devices(f);
	char uuid[UUID_TEXT], size[SIZE_TEXT];

	put_text(all, "set", log_uuid_text(f->uuid, uuid));
	put_text(all, "class", log_grade_text(f->grade));
	put_int(all, "segment_size", f->segment_bytes);
	json_object_object_add(all, "devices", devices);
	if (f->json) {
		out_json(all);
	} else {
		printf("set %s, class %s, segments of %s\n", uuid,
		       log_grade_text(f->grade), size_exact(f->segment_bytes, size));
		out_table(devices, columns, true);
	}
	json_object_put(all);
}

int tier_format(const struct command *cmd, int argc, char **argv)
{
	struct format f = { .grade = KVT_LOG_BULK };
	struct opt opts[] = {
		OPT("class", arg_grade, &f.grade),
		OPT("segment-size", arg_segment, &f.segment_bytes),
		OPT("force", NULL, &f.force),
		OPT("no-discard", NULL, &f.no_discard),
		OPT("json", NULL, &f.json),
		{}
	};
	int code, nr = args_parse(cmd, argc, argv, opts, &code);
	u32 i;

	if (nr < 0)
		return code;
	for (i = 0; i < KVT_LOG_MAX_DEVICES; i++)
		f.media[i].fd = -1;
	f.nr = nr;
	doing("format");
	code = check_all(&f, argv);
	if (!code)
		code = write_all(&f);
	if (!code)
		tell(&f);
	for (i = 0; i < f.nr; i++)
		media_close(&f.media[i]);
	return code;
}
