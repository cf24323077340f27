// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "log_set.h"
#include "say.h"

/* -------------------------------------------------------------------- texts */

const char *log_uuid_text(const u8 *u, char *text)
{
	snprintf(text, UUID_TEXT,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
		 u[11], u[12], u[13], u[14], u[15]);
	return text;
}

const char *log_grade_text(u32 grade)
{
	return grade == KVT_LOG_FAST ? "fast" : "bulk";
}

const char *log_name_text(const u8 name[32], char text[129])
{
	char *to = text;
	int i;

	for (i = 0; i < 32 && name[i]; i++) {
		if (name[i] > ' ' && name[i] < 127)
			*to++ = name[i];
		else
			to += sprintf(to, "\\x%02x", name[i]);
	}
	*to = '\0';
	return text;
}

const char *log_error_text(int error)
{
	switch (error) {
	case 0:
		return "good";
	case -ENODATA:
		return "not there, or of another generation";
	case -EBADMSG:
	case -EUCLEAN:
		return "damaged";
	case -EMEDIUMTYPE:
		return "not there";
	case -EPROTONOSUPPORT:
		return "of another version of the format";
	case -EOVERFLOW:
		return "of a larger device";
	default:
		return strerror(-error);
	}
}

/* -------------------------------------------------------------- superblocks */

int log_super_read(const struct media *m, int copy, struct kvt_log_super *s)
{
	u64 pos = (u64)copy * KVT_LOG_SUPER_STEP;
	int err;

	if (m->bytes < pos + sizeof(*s))
		return -EMEDIUMTYPE;
	err = media_read(m, pos, s, sizeof(*s));
	return err ? err : kvt_log_check_super(s, m->bytes);
}

/* Which error says most about a device without a good superblock. */
static int worse(const int *copies)
{
	static const int order[] = { -EOVERFLOW, -EPROTONOSUPPORT, -EUCLEAN, -EIO };
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (copies[0] == order[i] || copies[1] == order[i])
			return order[i];
	return copies[0];
}

static int no_super(const char *path, const int *copies)
{
	int err = worse(copies);

	switch (err) {
	case -EMEDIUMTYPE:
		return cannot(CTL_FAILED, "%s is not formatted for kvtier; see: kvtierctl help tier format",
			      path);
	case -EUCLEAN:
		return cannot(CTL_FAILED, "%s was formatted for kvtier, but both superblocks are damaged; what was on it is lost: format its set again",
			      path);
	case -EOVERFLOW:
		return cannot(CTL_FAILED, "%s is smaller than when it was formatted; give it back its size, or format its set again",
			      path);
	case -EPROTONOSUPPORT:
		return cannot(CTL_FAILED, "%s has another version of the format; use the kvtierctl of the module that formatted it, or format its set again",
			      path);
	default:
		return cannot(CTL_FAILED, "%s cannot be read: %s", path, strerror(-err));
	}
}

static int read_supers(struct log_device *d)
{
	struct kvt_log_super copy;
	int i, good = 0;

	for (i = 0; i < KVT_LOG_SUPER_COPIES; i++) {
		d->copies[i] = log_super_read(&d->media, i, &copy);
		if (d->copies[i])
			continue;
		if (!good || le64_to_cpu(copy.sequence) > le64_to_cpu(d->super.sequence))
			d->super = copy;
		good++;
	}
	return good ? CTL_OK : no_super(d->media.path, d->copies);
}

/* ---------------------------------------------------------------------- set */

static bool same_set(const struct kvt_log_super *a, const struct kvt_log_super *b)
{
	return !memcmp(a->set, b->set, sizeof(a->set)) && a->nr_devices == b->nr_devices &&
	       a->segment_bytes == b->segment_bytes;
}

static int read_at(void *arg, u32 device, u64 pos, u32 bytes, void *to)
{
	const struct log_set *s = arg;

	return media_read(&s->devices[device].media, pos, to, bytes);
}

static void begin_set(struct log_set *s, const struct kvt_log_super *super)
{
	s->nr_devices = le32_to_cpu(super->nr_devices);
	log_uuid_text(super->set, s->uuid);
	s->source.read = read_at;
	s->source.arg = s;
	s->source.segment_bytes = le64_to_cpu(super->segment_bytes);
	memcpy(s->source.set, super->set, sizeof(s->source.set));
}

static int take_device(struct log_set *s, struct log_device *d, const struct log_device *first)
{
	u32 index = le32_to_cpu(d->super.index);

	if (!s->nr_named)
		begin_set(s, &d->super);
	else if (!same_set(&d->super, &first->super))
		return cannot(CTL_USAGE, "%s is of another set than %s; name the devices of one set",
			      d->media.path, first->media.path);
	if (s->devices[index].media.path)
		return cannot(CTL_USAGE, "%s and %s are both device %u of the set: one is a copy, or the same named twice",
			      s->devices[index].media.path, d->media.path, index);
	s->devices[index] = *d;
	s->source.nr_segments[index] = le32_to_cpu(d->super.nr_segments);
	s->source.first_segment[index] = le64_to_cpu(d->super.first_segment);
	s->nr_named++;
	return CTL_OK;
}

int log_set_open(struct log_set *s, int nr, char **paths, enum media_use use)
{
	struct log_device first = {}, d;
	int i, code = CTL_OK;

	memset(s, 0, sizeof(*s));
	for (i = 0; !code && i < nr; i++) {
		memset(&d, 0, sizeof(d));
		code = media_open(&d.media, paths[i], use);
		if (!code)
			code = read_supers(&d);
		if (!code && !i)
			first = d;
		if (!code)
			code = take_device(s, &d, &first);
		if (code)
			media_close(&d.media);
	}
	return code;
}

void log_set_close(struct log_set *s)
{
	u32 i;

	for (i = 0; i < KVT_LOG_MAX_DEVICES; i++)
		if (s->devices[i].media.path)
			media_close(&s->devices[i].media);
}
