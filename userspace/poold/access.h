/* SPDX-License-Identifier: GPL-2.0 */
/* A space's access list: which addresses its clients may come from. */
#ifndef PN_ACCESS_H
#define PN_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define PN_MAX_NETWORKS	64

/**
 * struct pn_network - addresses that begin with the same bits
 * @bits: of @address that count, 0..128
 * @address: IPv6; IPv4 is mapped
 */
struct pn_network {
	unsigned int bits;
	uint8_t address[16];
};

/**
 * struct pn_access - the list
 * @nr: of @networks; 0: nobody may
 * @networks: in the order of the file
 */
struct pn_access {
	unsigned int nr;
	struct pn_network networks[PN_MAX_NETWORKS];
};

/**
 * pn_access_add() - one more that may
 * @access: zero at first
 * @text: "any"; an address; ADDRESS/BITS; or a host's name: all its addresses of
 *	now
 *
 * Blocks while a name is looked up.
 *
 * Return: NULL, or what is wrong with @text.
 */
const char *pn_access_add(struct pn_access *access, const char *text);

/* May he? */
bool pn_access_allows(const struct pn_access *access,
		      const struct sockaddr *from);

#endif /* PN_ACCESS_H */
