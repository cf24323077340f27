// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes: those that the ABI document lists are there, and no others;
 * knobs take what they should; counters count.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "kvtier_remote.h"
#include "nvme.h"

#define BS	65536U
#define DOC	"Documentation/ABI/testing/sysfs-class-kvtier"
#define SPACE	"/sys/class/kvtier/" KST_SPACE
#define TIER	"/sys/class/kvtier_tier/" KST_DRAM
#define NVME	"/sys/class/kvtier_tier/" KST_NVME
#define REMOTE	"/sys/class/kvtier_tier/kst_remote"

FIXTURE(sysfs) {
	struct kvt_entry e;
};

FIXTURE_SETUP(sysfs)
{
	KST_START();
	ASSERT_EQ(0, kst_make(BS, 4, 0));
}

FIXTURE_TEARDOWN_PARENT(sysfs)
{
	EXPECT_EQ(0, kst_cleanup());
}

static const char * const counters[] = {
	"lookups", "lookup_hits", "acquires", "acquire_hits", "reserves",
	"commits", "aborts", "puts", "gets", "drops", "evictions", "demotions",
	"promotions", "loads", "writeouts", "not_admitted", "reclaimed",
	"carried", "lost", "recovered", "expired", "no_space", "no_quota",
	"slot_faults", "window_faults", "poisoned", "damaged",
	"fetches", "fetch_misses", "fetch_bad", "fetch_timeouts", "spills",
	"spill_bytes", "spill_errors", "spill_missed", "drops_lost",
	"batches",
};

/* A tier of the other kind; 0 or -errno. */
static int add_nvme(void)
{
	struct kst_set set = { .nr = 1, .segment = KST_MIB };
	struct kst_loop loop;
	int err = kst_loop_make(&loop, 16 * KST_MIB);

	set.dev[0] = loop.path;
	return err ?: kst_format(&set) ?: kst_nvme_add(&set, KST_NVME);
}

static int add_remote(void)
{
	struct kvt_remote_add a = { .size = sizeof(a) };

	kst_name(a.name, "kst_remote");
	return kst_control(KVT_IOC_REMOTE_ADD, &a);
}

/* The document, of the tree that this binary was built in; or NULL. */
static char *read_doc(void)
{
	static char text[65536];
	char exe[512], path[1024];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;
	int up;

	if (n < 0)
		return NULL;
	exe[n] = 0;
	/* build/selftests/kvtier/sysfs */
	for (up = 0; up < 4 && (slash = strrchr(exe, '/')); up++)
		*slash = 0;
	snprintf(path, sizeof(path), "%s/%s", exe, DOC);
	return kst_attr_text(path, text, sizeof(text)) ? NULL : text;
}

/* "What: /sys/class/<class>/<thing>/<attr>": attr, with N and <...> done. */
static char *next_what(char **doc, char *attr, const char *class)
{
	char *p, *end;

	while ((p = strstr(*doc, "What:"))) {
		end = strchr(p, '\n');
		*doc = end;
		p = strstr(p, "/sys/class/");
		if (!p || p > end)
			continue;
		p += strlen("/sys/class/");
		if (strncmp(p, class, strlen(class)) || p[strlen(class)] != '/')
			continue;
		p = strchr(p + strlen(class) + 1, '/') + 1;
		memcpy(attr, p, end - p);
		attr[end - p] = 0;
		p = strstr(attr, "<N>");
		if (p)
			memmove(p + 1, p + 3, strlen(p + 3) + 1), *p = '0';
		return attr;
	}
	return NULL;
}

static bool readable(const char *dir, const char *attr)
{
	char path[512], text[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, attr);
	return kst_attr_text(path, text, sizeof(text)) == 0 && text[0];
}

TEST_F(sysfs, all_documented_attributes_exist)
{
	char *doc = read_doc(), *p, attr[256];
	unsigned int n = 0, i;

	if (!doc)
		SKIP(return, "not run from a source tree: no " DOC);
	ASSERT_EQ(0, add_nvme());
	ASSERT_EQ(0, add_remote());
	for (p = doc; next_what(&p, attr, "kvtier_tier"); n++) {
		EXPECT_TRUE(readable(TIER, attr) || readable(NVME, attr) ||
			    readable(REMOTE, attr)) {
			TH_LOG("cannot read %s of any tier", attr);
		}
	}
	EXPECT_LE(20, n);
	for (p = doc, n = 0; next_what(&p, attr, "kvtier"); n++) {
		if (strchr(attr, '<'))
			continue;
		EXPECT_TRUE(readable(SPACE, attr)) {
			TH_LOG("cannot read %s/%s", SPACE, attr);
		}
	}
	EXPECT_LE(20, n);
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		EXPECT_EQ(0, kst_stat(KST_SPACE, counters[i])) {
			TH_LOG("counter %s", counters[i]);
		}
	}
}

static bool documented(const char *class, const char *name)
{
	char *doc = read_doc(), attr[256];

	while (doc && next_what(&doc, attr, class)) {
		if (!strcmp(attr, name))
			return true;
	}
	return false;
}

static bool is_counter(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (!strcmp(name, counters[i]))
			return true;
	}
	return false;
}

/* Files of @dir that are neither the driver core's nor documented. */
static unsigned int undocumented(const char *class, const char *dir,
				 const char *sub)
{
	char path[1024], name[512];
	unsigned int bad = 0;
	struct dirent *e;
	struct stat st;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", dir, sub);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		snprintf(name, sizeof(name), "%s%s", sub, e->d_name);
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (lstat(path, &st) || !S_ISREG(st.st_mode) ||
		    !strcmp(e->d_name, "uevent") || !strcmp(e->d_name, "dev"))
			continue;
		if (!strcmp(sub, "stats/") ? is_counter(e->d_name) :
					     documented(class, name))
			continue;
		fprintf(stderr, "# %s is not documented\n", path);
		bad++;
	}
	if (d)
		closedir(d);
	return bad;
}

TEST_F(sysfs, all_attributes_are_documented)
{
	if (!read_doc())
		SKIP(return, "not run from a source tree: no " DOC);
	ASSERT_EQ(0, add_nvme());
	ASSERT_EQ(0, add_remote());
	EXPECT_EQ(0, undocumented("kvtier_tier", TIER, ""));
	EXPECT_EQ(0, undocumented("kvtier_tier", NVME, ""));
	EXPECT_EQ(0, undocumented("kvtier_tier", REMOTE, ""));
	EXPECT_EQ(0, undocumented("kvtier", SPACE, ""));
	EXPECT_EQ(0, undocumented("kvtier", SPACE, "stats/"));
	EXPECT_EQ(0, undocumented("kvtier", SPACE, "arena0/"));
	EXPECT_EQ(0, undocumented("kvtier", SPACE, "class0/"));
	EXPECT_EQ(0, undocumented("kvtier", SPACE, "drain/"));
}

static const char *text_of(const char *attr)
{
	static char text[4096];
	char path[512];

	snprintf(path, sizeof(path), "/sys/class/%s", attr);
	return kst_attr_text(path, text, sizeof(text)) ? "?" : text;
}

TEST_F(sysfs, values)
{
	char identity[65];
	unsigned int i;

	for (i = 0; i < 64; i++)
		identity[i] = '1';
	identity[64] = 0;
	EXPECT_STREQ("dram", text_of("kvtier_tier/" KST_DRAM "/kind"));
	EXPECT_EQ(0, kst_tier_attr(KST_DRAM, "node"));
	EXPECT_EQ(4 * KST_MIB, kst_tier_attr(KST_DRAM, "size"));
	EXPECT_GE(4 * KST_MIB, kst_tier_attr(KST_DRAM, "huge"));
	EXPECT_EQ(BS, kst_attr(KST_SPACE, "block_size"));
	EXPECT_STREQ(identity, text_of("kvtier/" KST_SPACE "/identity"));
	EXPECT_EQ(0, kst_attr(KST_SPACE, "default_class"));
	EXPECT_EQ(10, kst_attr(KST_SPACE, "low_watermark"));
	EXPECT_EQ(20, kst_attr(KST_SPACE, "high_watermark"));
	EXPECT_EQ(900, kst_attr(KST_SPACE, "lease_quota"));
	EXPECT_EQ(60000, kst_attr(KST_SPACE, "fill_timeout_ms"));
	EXPECT_EQ(10000, kst_attr(KST_SPACE, "quarantine_ms"));
	EXPECT_STREQ(KST_DRAM, text_of("kvtier/" KST_SPACE "/arena0/tier"));
	EXPECT_EQ(64, kst_arena(KST_SPACE, 0, "frames"));
	EXPECT_EQ(64, kst_arena(KST_SPACE, 0, "free"));
	EXPECT_EQ(4 * KST_MIB, kst_arena(KST_SPACE, 0, "bytes"));
	EXPECT_EQ(-1, kst_arena(KST_SPACE, 1, "frames"));
	EXPECT_NE(NULL, strstr(text_of("kvtier/" KST_SPACE "/policy"),
			       "[lru]"));
	EXPECT_STREQ("cxl", (kst_tier_add(KST_CXL, KVT_TIER_CXL,
					  kst_slow_node(), KST_HUGE),
			     text_of("kvtier_tier/" KST_CXL "/kind")));
}

struct range {
	const char *knob;
	long long min;
	long long max;
};

static int set_number(const char *knob, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", value);
	return kst_knob(KST_SPACE, knob, text);
}

TEST_F(sysfs, number_knobs)
{
	static const struct range knobs[] = {
		{ "default_class", 0, KVT_MAX_CLASS },
		{ "high_watermark", 10, 500 },	/* low_watermark is 10 */
		{ "low_watermark", 0, 500 },	/* high_watermark is 500 now */
		{ "lease_quota", 1, 1000 },
		{ "fill_timeout_ms", 100, 3600000 },
		{ "quarantine_ms", 0, 3600000 },
	};
	static const char * const garbage[] = {
		"", "\n", "x", "1x", "0x", " ", "1 2", "--1", "1.5",
		"99999999999999999999", "4294967296", "18446744073709551616",
		"-18446744073709551615",
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		const struct range *k = &knobs[i];

		EXPECT_EQ(0, set_number(k->knob, k->min));
		EXPECT_EQ(k->min, kst_attr(KST_SPACE, k->knob));
		EXPECT_EQ(0, set_number(k->knob, k->max));
		EXPECT_EQ(k->max, kst_attr(KST_SPACE, k->knob));
		EXPECT_NE(0, set_number(k->knob, k->max + 1)) {
			TH_LOG("%s took %lld", k->knob, k->max + 1);
		}
		EXPECT_NE(0, set_number(k->knob, k->min - 1)) {
			TH_LOG("%s took %lld", k->knob, k->min - 1);
		}
		for (j = 0; j < ARRAY_SIZE(garbage); j++) {
			/* A write of no bytes does not reach the kernel. */
			if (garbage[j][0]) {
				EXPECT_NE(0, kst_knob(KST_SPACE, k->knob,
						      garbage[j])) {
					TH_LOG("%s took '%s'", k->knob,
					       garbage[j]);
				}
			}
		}
		EXPECT_EQ(k->max, kst_attr(KST_SPACE, k->knob));
	}
}

TEST_F(sysfs, watermarks_stay_in_order)
{
	ASSERT_EQ(0, set_number("high_watermark", 100));
	ASSERT_EQ(0, set_number("low_watermark", 100));
	EXPECT_EQ(-EINVAL, set_number("low_watermark", 101));
	EXPECT_EQ(-EINVAL, set_number("high_watermark", 99));
	EXPECT_EQ(100, kst_attr(KST_SPACE, "low_watermark"));
	EXPECT_EQ(100, kst_attr(KST_SPACE, "high_watermark"));
}

TEST_F(sysfs, word_knobs)
{
	EXPECT_EQ(0, kst_knob(KST_SPACE, "promote", "always\n"));
	EXPECT_NE(NULL, strstr(text_of("kvtier/" KST_SPACE "/promote"),
			       "always"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "promote", "off"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "promote", "free"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "promote", "of"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "promote", "offf"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "promote", "1"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "promote", "\n"));
	EXPECT_EQ(0, kst_knob(KST_SPACE, "policy", "lru\n"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "policy", "mru"));
	EXPECT_EQ(-EINVAL, kst_knob(KST_SPACE, "policy", "[lru]"));
	EXPECT_NE(NULL, strstr(text_of("kvtier/" KST_SPACE "/policy"),
			       "[lru]"));
}

TEST_F(sysfs, read_only_attributes_refuse)
{
	static const char * const ro[] = {
		"block_size", "identity", "blocks", "filling", "leases",
		"dropped_held", "quarantined", "descriptors",
		"metadata_bytes", "openers", "stats/lookups", "arena0/free",
	};
	unsigned int i;

	/* Root passes the permission bits; there is no way to write even so. */
	for (i = 0; i < ARRAY_SIZE(ro); i++) {
		int ret = kst_knob(KST_SPACE, ro[i], "1");

		EXPECT_NE(0, ret) {
			TH_LOG("attribute %u can be written", i);
		}
	}
}

TEST_F(sysfs, counters_count)
{
	int fd = kst_open(KST_SPACE, O_RDWR);
	char *w, *s;

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, kst_attr(KST_SPACE, "openers"));
	ASSERT_EQ(0, kst_put_pattern(fd, kst_key(1, 0), kst_root, BS, 0));
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 1), kst_key(1, 0), &self->e));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "filling"));
	ASSERT_EQ(0, kst_commit(fd, self->e.slot));
	ASSERT_LE(0, kst_reserve(fd, kst_key(1, 2), kst_key(1, 1), &self->e));
	ASSERT_EQ(0, kst_abort(fd, self->e.slot));
	EXPECT_EQ(0, kst_lookup(fd, kst_key(1, 0)));
	EXPECT_EQ(-ENOENT, kst_lookup(fd, kst_key(1, 5)));
	ASSERT_LE(0, kst_acquire(fd, kst_key(1, 0), 0, &self->e));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "leases"));
	EXPECT_EQ(0, kst_get_pattern(fd, kst_key(1, 0), BS, 0));
	w = kst_map_window(fd, 0, PROT_READ, NULL);
	s = kst_map_slots(fd, 64);
	ASSERT_NE(NULL, w);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(0, kst_touch(w));
	EXPECT_EQ(0, kst_touch(s + (size_t)self->e.slot * BS));
	EXPECT_LE(0, kst_drop(fd, kst_key(1, 1), 0));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "puts"));
	EXPECT_EQ(3, kst_stat(KST_SPACE, "reserves"));
	EXPECT_EQ(2, kst_stat(KST_SPACE, "commits"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "aborts"));
	EXPECT_EQ(2, kst_stat(KST_SPACE, "lookups"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "lookup_hits"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "acquires"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "acquire_hits"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "gets"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "drops"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "window_faults"));
	EXPECT_EQ(1, kst_stat(KST_SPACE, "slot_faults"));
	EXPECT_EQ(10, kst_stat(KST_SPACE, "batches"));
	EXPECT_EQ(1, kst_attr(KST_SPACE, "blocks"));
	EXPECT_LE(1, kst_attr(KST_SPACE, "descriptors"));
	EXPECT_LT(0, kst_attr(KST_SPACE, "metadata_bytes"));
}

/* A reader that holds an attribute open does not hold the space. */
TEST_F(sysfs, open_attribute_of_a_deleted_space)
{
	int fd = open(SPACE "/blocks", O_RDONLY);
	char text[32];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	EXPECT_EQ(-1, kst_attr(KST_SPACE, "blocks"));
}

TEST_HARNESS_MAIN
