// SPDX-License-Identifier: GPL-2.0
#include "util.h"

/* The text without its newline. */
int kst_attr_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	buf[n] = 0;
	if (n && buf[n - 1] == '\n')
		buf[n - 1] = 0;
	return 0;
}

static long long read_number(const char *class, const char *name,
			     const char *attr)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), "/sys/class/%s/%s/%s", class, name, attr);
	if (kst_attr_text(path, text, sizeof(text)))
		return -1;
	return atoll(text);
}

long long kst_attr(const char *space, const char *attr)
{
	return read_number("kvtier", space, attr);
}

long long kst_stat(const char *space, const char *counter)
{
	char attr[64];

	snprintf(attr, sizeof(attr), "stats/%s", counter);
	return kst_attr(space, attr);
}

long long kst_arena(const char *space, unsigned int arena, const char *attr)
{
	char path[64];

	snprintf(path, sizeof(path), "arena%u/%s", arena, attr);
	return kst_attr(space, path);
}

long long kst_tier_attr(const char *tier, const char *attr)
{
	return read_number("kvtier_tier", tier, attr);
}

int kst_knob(const char *space, const char *knob, const char *value)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s", space, knob);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, value, strlen(value));
	n = n < 0 ? -errno : 0;
	close(fd);
	return n;
}

long long kst_attr_wait(const char *space, const char *attr, long long want)
{
	long long got;

	KST_UNTIL((got = kst_attr(space, attr)) == want);
	return got;
}

bool kst_at_rest(const char *space)
{
	static const char *const held[] = {
		"leases", "filling", "dropped_held", "quarantined",
	};
	unsigned int i;
	bool add_up;

	for (i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		long long nr = kst_attr_wait(space, held[i], 0);

		if (nr) {
			printf("# %s: %lld\n", held[i], nr);
			return false;
		}
	}
	add_up = KST_UNTIL(kst_arena(space, 0, "free") +
			   kst_attr(space, "blocks") ==
			   kst_arena(space, 0, "frames"));
	if (!add_up)
		printf("# free: %lld\n", kst_arena(space, 0, "free"));
	return add_up;
}

/*
 * A machine that wakes us in time lets the kernel's workers run, too; on one that does
 * not, time says little, so it takes more of it.
 */
#define SLICE		50	/* ms */
#define LATE_FACTOR	4

void kst_quiet(unsigned int ms, long long (*sum)(const char *name),
	       const char *name)
{
	unsigned int quiet = 0, enough = ms / SLICE * LATE_FACTOR;
	__u64 start, end = kst_now_ms() + KST_PATIENCE;
	long long before, after = sum(name);

	while (quiet < enough && kst_now_ms() < end) {
		before = after;
		start = kst_now_ms();
		kst_sleep_ms(SLICE);
		after = sum(name);
		if (after != before)
			quiet = 0;
		else
			quiet += kst_now_ms() - start < 2 * SLICE ? LATE_FACTOR : 1;
	}
}

static long long work_done(const char *space)
{
	return kst_stat(space, "evictions") + kst_stat(space, "demotions") +
	       kst_stat(space, "promotions") + kst_stat(space, "writeouts") +
	       kst_stat(space, "reclaimed") + kst_stat(space, "carried");
}

void kst_settle(const char *space)
{
	kst_quiet(500, work_done, space);
}
