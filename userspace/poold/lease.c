// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "lease.h"

static void add_free(struct pn_leases *leases, struct pn_lease *lease)
{
	lease->state = PN_FREE;
	lease->next = NULL;
	*leases->last = lease;
	leases->last = &lease->next;
	leases->nr_free++;
}

int pn_leases_init(struct pn_leases *leases, unsigned int max)
{
	unsigned int i;

	leases->all = calloc(max, sizeof(*leases->all));
	if (!leases->all)
		return -ENOMEM;
	leases->max = max;
	leases->nr_free = 0;
	leases->last = &leases->free;
	for (i = 0; i < max; i++)
		add_free(leases, &leases->all[i]);
	return 0;
}

void pn_leases_exit(struct pn_leases *leases)
{
	free(leases->all);
	leases->all = NULL;
	leases->max = 0;
}

struct pn_lease *pn_lease_claim(struct pn_leases *leases)
{
	struct pn_lease *lease = leases->free;

	if (!leases->nr_free)
		return NULL;
	leases->free = lease->next;
	if (!leases->free)
		leases->last = &leases->free;
	leases->nr_free--;
	lease->times++;
	lease->state = PN_CLAIMED;
	return lease;
}

void pn_lease_free(struct pn_leases *leases, struct pn_lease *lease)
{
	if (lease->state != PN_FREE)
		add_free(leases, lease);
}

uint64_t pn_lease_number(const struct pn_leases *leases,
			 const struct pn_lease *lease)
{
	return (uint64_t)lease->times << 32 | (lease - leases->all + 1);
}

struct pn_lease *pn_lease_find(const struct pn_leases *leases, uint64_t number,
			       enum pn_lease_state state)
{
	uint32_t i = (uint32_t)number - 1;
	struct pn_lease *lease;

	if (i >= leases->max)
		return NULL;
	lease = &leases->all[i];
	return lease->times == number >> 32 && lease->state == state ? lease : NULL;
}
