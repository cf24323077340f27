// SPDX-License-Identifier: GPL-2.0
/* After a cut: every block found has bytes that it may have. */
#include "powercut.h"

/* The bytes say what they are: version and key are the first word's seed. */
__u64 seed_of(unsigned int k, unsigned int version)
{
	return (__u64)version * KEYS + k;
}

static int match(const void *data, unsigned int k)
{
	unsigned int v;

	for (v = facts[k].next; v; v--) {
		if (kst_holds(data, sizeof(__u64) * 2, seed_of(k, v)))
			return kst_holds(data, BLOCK, seed_of(k, v)) ? (int)v : -1;
	}
	return -1;
}

int version_of(int fd, unsigned int k)
{
	static char data[BLOCK];
	__u64 end = kst_now_ms() + KST_PATIENCE;
	int ret;

	while ((ret = kst_get(fd, kst_key(CHAIN, k), data, 0, BLOCK)) == -ENOSPC &&
	       kst_now_ms() < end)
		kst_sleep_ms(5);
	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		die("GET of key %u: %s", k, strerror(-ret));
	return match(data, k);
}

static const char *judge(const struct fact *f, int found)
{
	if (found < 0)
		return "wrong bytes";
	if (found && (unsigned int)found <= f->dead)
		return "was dropped, and is back";
	if (found && (unsigned int)found > f->last)
		return "was lost, and is back";
	/* Or one that was dropped, not durably: see log-format.rst. */
	if (f->must && !found)
		return "is lost";
	return NULL;
}

/* Then what was found is what is known. */
unsigned int verify(struct load *l)
{
	unsigned int k, bad = 0, there = 0, must = 0;

	for (k = 0; k < KEYS; k++) {
		struct fact *f = &facts[k];
		int found = version_of(l->fd, k);
		const char *why = judge(f, found);

		must += f->must;
		if (why) {
			printf("key %u: %s: found %d; put %u, dropped %u%s\n", k, why,
			       found, f->last, f->dead,
			       f->must ? ", durable" : "");
			bad++;
			continue;
		}
		f->there = found;
		there += f->there;
		if (found)
			fact_found(k, found);
		else
			fact_absent(k);
	}
	facts_write();
	printf("found %u blocks, %u of them had to be there; %u wrong\n", there,
	       must, bad);
	if (kst_stat(KST_SPACE, "lost") || kst_tier_attr(KST_NVME, "crc_errors")) {
		printf("%lld blocks could not be read, %lld were damaged\n",
		       kst_stat(KST_SPACE, "lost"),
		       kst_tier_attr(KST_NVME, "crc_errors"));
		bad++;
	}
	return bad;
}
