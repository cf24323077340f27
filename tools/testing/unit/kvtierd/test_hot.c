// SPDX-License-Identifier: GPL-2.0
/* Blocks that are known to be hot: for how long, and who is asked for them first. */
#include <string.h>

#include "hot.h"
#include "tap.h"
#include "wire.h"

#define NOW	1000000000ULL
#define KEYS	1000U

static struct kvd_hot hot;

static const uint8_t *key(uint32_t number)
{
	static uint8_t key[KVP_KEY_SIZE];

	memcpy(key, &number, sizeof(number));
	return key;
}

static void test_life(void)
{
	memset(&hot, 0, sizeof(hot));
	ok(!kvd_hot_has(&hot, key(1), NOW), "nothing at first");
	kvd_hot_add(&hot, key(1), NOW);
	ok(kvd_hot_has(&hot, key(1), NOW), "it is known");
	ok(!kvd_hot_has(&hot, key(2), NOW), "another one is not");
	ok(kvd_hot_has(&hot, key(1), NOW + KVD_HOT_NS - 1), "for its time");
	ok(!kvd_hot_has(&hot, key(1), NOW + KVD_HOT_NS), "and no longer");
	kvd_hot_forget(&hot, key(2));
	ok(kvd_hot_has(&hot, key(1), NOW), "another one is forgotten");
	kvd_hot_forget(&hot, key(1));
	ok(!kvd_hot_has(&hot, key(1), NOW), "it is");
}

/* Who has the same place takes it, and is never mistaken for who had it. */
static void test_full(void)
{
	unsigned int i, known = 0, strange = 0;

	memset(&hot, 0, sizeof(hot));
	for (i = 0; i < 4 * KVD_HOT_ENTRIES; i++) {
		kvd_hot_add(&hot, key(i), NOW);
		known += kvd_hot_has(&hot, key(i), NOW);
		strange += kvd_hot_has(&hot, key(i + 4 * KVD_HOT_ENTRIES), NOW);
	}
	is(known, 4 * KVD_HOT_ENTRIES, "the last one is always known");
	is(strange, 0, "what was not added never");
	for (i = 0, known = 0; i < 4 * KVD_HOT_ENTRIES; i++)
		known += kvd_hot_has(&hot, key(i), NOW);
	ok(known <= KVD_HOT_ENTRIES && known > KVD_HOT_ENTRIES / 2, "%u of %u fit", known,
	   4 * KVD_HOT_ENTRIES);
}

/* By hosts, for one block, and by blocks, on one host. */
static void test_first(void)
{
	unsigned int of_hosts[3] = {}, of_keys[3] = {}, same = 0, i;

	for (i = 0; i < KEYS; i++) {
		hot.seed = i;
		of_hosts[kvd_hot_first(&hot, key(1), 3)]++;
		hot.seed = 1;
		of_keys[kvd_hot_first(&hot, key(i), 3)]++;
		same += kvd_hot_first(&hot, key(i), 3) == kvd_hot_first(&hot, key(i), 3);
	}
	for (i = 0; i < 3; i++)
		ok(of_hosts[i] > KEYS / 5 && of_keys[i] > KEYS / 5,
		   "member %u: %u hosts, %u blocks of %u", i, of_hosts[i], of_keys[i], KEYS);
	is(same, KEYS, "always the same");
	is(kvd_hot_first(&hot, key(1), 1), 0, "of one");
}

int main(void)
{
	test_life();
	test_full();
	test_first();
	return done();
}
