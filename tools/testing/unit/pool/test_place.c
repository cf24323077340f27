// SPDX-License-Identifier: GPL-2.0
/* Rendezvous hashing: even shares, few moves, the same answer everywhere. */
#include <string.h>

#include "place.h"
#include "tap.h"

#define KEYS 20000

static uint64_t seeds[KVP_MAX_MEMBERS];

static void make_key(unsigned int n, uint8_t key[32])
{
	memset(key, 0, 32);
	memcpy(key, &n, sizeof(n));
	key[31] = 1;
}

static void make_members(unsigned int nr)
{
	char name[16];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "pool%u", i);
		seeds[i] = kvp_member_seed(name);
	}
}

static unsigned int place(unsigned int nr, unsigned int n, unsigned int replicas,
			  unsigned int *members)
{
	uint8_t key[32];

	make_key(n, key);
	return kvp_place_key(seeds, nr, key, replicas, members);
}

static void test_shares(void)
{
	unsigned int count[5] = {}, member, i;
	int even = 1;

	for (i = 0; i < KEYS; i++) {
		place(5, i, 1, &member);
		count[member]++;
	}
	for (i = 0; i < 5; i++)
		even &= count[i] > KEYS / 5 * 9 / 10 &&
			count[i] < KEYS / 5 * 11 / 10;
	ok(even, "five members have a fifth each, within a tenth");
}

static void test_moves(void)
{
	unsigned int before, after, i, moved = 0, astray = 0;

	for (i = 0; i < KEYS; i++) {
		place(4, i, 1, &before);
		place(5, i, 1, &after);
		moved += before != after;
		astray += before != after && after != 4;
	}
	is(astray, 0, "a new member takes from others, who do not swap");
	ok(moved > KEYS / 5 * 9 / 10 && moved < KEYS / 5 * 11 / 10,
	   "it takes its share");
}

static void test_replicas(void)
{
	unsigned int one, all[KVP_MAX_REPLICAS], i, j, k;
	int first = 1, differ = 1;

	for (i = 0; i < 1000; i++) {
		place(20, i, 1, &one);
		place(20, i, KVP_MAX_REPLICAS, all);
		first &= one == all[0];
		for (j = 0; j < KVP_MAX_REPLICAS; j++)
			for (k = 0; k < j; k++)
				differ &= all[j] != all[k];
	}
	ok(first, "more replicas: the first stays where it was");
	ok(differ, "replicas are on different members");
	is(place(3, 1, KVP_MAX_REPLICAS, all), 3, "no more than members");
	is(place(0, 1, 2, all), 0, "no members, no place");
}

/* Without the best member its blocks are where the second replica was. */
static void test_successor(void)
{
	unsigned int two[2], left, i, wrong = 0;

	for (i = 0; i < KEYS; i++) {
		place(6, i, 2, two);
		if (two[0] != 5)
			continue;
		place(5, i, 1, &left);
		wrong += left != two[1];
	}
	is(wrong, 0, "a member that goes leaves its share to the next replica");
}

/* What other hosts, and other versions, come to. */
static void test_fixed(void)
{
	unsigned int members[3];

	place(7, 12345, 3, members);
	ok(members[0] == 0 && members[1] == 5 && members[2] == 1,
	   "the answer never changes: %u %u %u", members[0], members[1],
	   members[2]);
}

int main(void)
{
	make_members(20);
	test_shares();
	test_moves();
	test_replicas();
	test_successor();
	test_fixed();
	return done();
}
