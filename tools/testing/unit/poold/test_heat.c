// SPDX-License-Identifier: GPL-2.0
/* How often blocks were lent: counted, halved as time goes, and never too few. */
#include <string.h>

#include "heat.h"
#include "tap.h"
#include "wire.h"

static struct pn_heat heat;
static uint64_t now;

static uint32_t use(uint32_t number)
{
	uint8_t key[KVP_KEY_SIZE] = {};

	memcpy(key, &number, sizeof(number));
	return pn_heat_use(&heat, key, now);
}

static uint32_t use_often(uint32_t number, unsigned int times)
{
	uint32_t uses = 0;

	while (times--)
		uses = use(number);
	return uses;
}

static void begin(void)
{
	memset(&heat, 0, sizeof(heat));
	now = 7000 * PN_HEAT_PERIOD_NS;
}

static void test_count(void)
{
	begin();
	is(use(1), 1, "lent once");
	is(use_often(1, 9), 10, "ten times");
	is(use(2), 1, "another one once");
	is(use(1), 11, "which is not counted for the first");
	is(use_often(3, 70000), UINT16_MAX, "as often as can be told, and more");
	is(use(3), UINT16_MAX, "and it stays there");
}

static void test_time(void)
{
	begin();
	use_often(1, 40);
	now += PN_HEAT_PERIOD_NS - 1;
	is(use(1), 41, "not halved before its time");
	now += 1;
	is(use(1), 21, "halved, and lent once more");
	is(use(1), 22, "once");
	now += 2 * PN_HEAT_PERIOD_NS;
	is(use(1), 6, "twice after two periods");
	now += PN_HEAT_PERIOD_NS / 2;
	is(use(1), 7, "time that is left over");
	now += PN_HEAT_PERIOD_NS / 2;
	is(use(1), 4, "counts for the next");
	use_often(2, 70000);
	now += 1000 * PN_HEAT_PERIOD_NS;
	is(use(2), 1, "after a long time nothing is left");
}

/* 20000 blocks: some fall together in one row, few in both. */
static void test_many(void)
{
	unsigned int i, too_few = 0, too_many = 0;

	begin();
	for (i = 0; i < 20000; i++)
		use_often(i, i % 8);
	for (i = 0; i < 20000; i++) {
		uint32_t uses = use(i);

		too_few += uses < i % 8 + 1;
		too_many += uses > i % 8 + 1;
	}
	is(too_few, 0, "no block is thought to be lent less than it was");
	ok(too_many < 20000 / 4, "%u of 20000 more", too_many);
}

int main(void)
{
	test_count();
	test_time();
	test_many();
	return done();
}
