// SPDX-License-Identifier: GPL-2.0
/* The table of leases: numbers that clients make up find nothing. */
#include <string.h>

#include "lease.h"
#include "tap.h"

#define MAX 8

static void test_life(void)
{
	struct pn_leases leases = { 0 };
	struct pn_lease *lease;
	uint64_t number;

	must(!pn_leases_init(&leases, MAX));
	lease = pn_lease_claim(&leases);
	number = pn_lease_number(&leases, lease);
	ok(number, "a number is not 0");
	ok(!pn_lease_find(&leases, number, PN_READ), "claimed: nobody has it");
	lease->state = PN_READ;
	ok(pn_lease_find(&leases, number, PN_READ) == lease, "it is found");
	ok(!pn_lease_find(&leases, number, PN_FILL), "not as another kind");
	lease->state = PN_ENDING;
	ok(!pn_lease_find(&leases, number, PN_READ), "not when it ends");
	pn_lease_free(&leases, lease);
	ok(!pn_lease_find(&leases, number, PN_READ), "not when it is free");
	is(leases.nr_free, MAX, "and it is free");
	pn_lease_free(&leases, lease);
	is(leases.nr_free, MAX, "once");
	pn_leases_exit(&leases);
}

static void test_all(void)
{
	struct pn_leases leases = { 0 };
	struct pn_lease *all[MAX], *again;
	uint64_t before;
	int i, distinct = 1, j;

	must(!pn_leases_init(&leases, MAX));
	for (i = 0; i < MAX; i++) {
		all[i] = pn_lease_claim(&leases);
		for (j = 0; j < i; j++)
			distinct &= all[i] != all[j];
	}
	ok(distinct && all[MAX - 1], "as many as there are");
	ok(!pn_lease_claim(&leases), "and no more");
	before = pn_lease_number(&leases, all[3]);
	pn_lease_free(&leases, all[5]);
	pn_lease_free(&leases, all[3]);
	ok(pn_lease_claim(&leases) == all[5], "the one that was free first");
	again = pn_lease_claim(&leases);
	ok(again == all[3], "then the next");
	again->state = PN_READ;
	ok(pn_lease_number(&leases, again) != before, "has another number");
	ok(!pn_lease_find(&leases, before, PN_READ), "the old one finds nothing");
	ok(!pn_lease_claim(&leases), "and there are no more");
	pn_leases_exit(&leases);
}

/* None but the numbers that were given find anything. */
static void test_hostile(void)
{
	static const uint64_t numbers[] = {
		0, 1, MAX, MAX + 1, UINT32_MAX, 1ULL << 32, (1ULL << 32) + MAX + 1,
		(1ULL << 32) | UINT32_MAX, (2ULL << 32) + 1, UINT64_MAX,
		UINT64_MAX - UINT32_MAX,
	};
	struct pn_leases leases = { 0 };
	size_t i;
	int n;

	must(!pn_leases_init(&leases, MAX));
	for (n = 0; n < MAX; n++)
		pn_lease_claim(&leases)->state = n & 1 ? PN_READ : PN_FILL;
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		ok(!pn_lease_find(&leases, numbers[i], PN_READ) &&
		   !pn_lease_find(&leases, numbers[i], PN_FILL),
		   "%#llx finds nothing", (unsigned long long)numbers[i]);
	pn_leases_exit(&leases);
	ok(!pn_lease_find(&leases, 1ULL << 32 | 1, PN_READ), "nor does anything at the end");
}

int main(void)
{
	test_life();
	test_all();
	test_hostile();
	return done();
}
