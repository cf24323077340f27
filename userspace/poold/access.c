// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"

#define MAX_TEXT	256
#define MAPPED_BITS	96

/* IPv4 goes as ::ffff:a.b.c.d. False: neither of them. */
static bool to_ipv6(const struct sockaddr *from, uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (from->sa_family == AF_INET6) {
		memcpy(address, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
		return true;
	}
	if (from->sa_family != AF_INET)
		return false;
	memcpy(address, mapped, sizeof(mapped));
	memcpy(address + sizeof(mapped),
	       &((const struct sockaddr_in *)from)->sin_addr, 4);
	return true;
}

static bool is_in(const struct pn_network *network, const uint8_t *address)
{
	unsigned int bytes = network->bits / 8;
	unsigned int mask = 0xff00 >> network->bits % 8 & 0xff;

	return !memcmp(network->address, address, bytes) &&
	       (!mask || !((network->address[bytes] ^ address[bytes]) & mask));
}

bool pn_access_allows(const struct pn_access *access,
		      const struct sockaddr *from)
{
	uint8_t address[16];
	unsigned int i;

	if (!to_ipv6(from, address))
		return false;
	for (i = 0; i < access->nr; i++)
		if (is_in(&access->networks[i], address))
			return true;
	return false;
}

static const char *add(struct pn_access *access, const struct sockaddr *address,
		       unsigned int bits)
{
	struct pn_network *network = &access->networks[access->nr];

	if (access->nr == PN_MAX_NETWORKS)
		return "too many hosts";
	if (to_ipv6(address, network->address)) {
		network->bits = bits;
		access->nr++;
	}
	return NULL;
}

static const char *find(const char *host, int flags, struct addrinfo **found)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
	int err = getaddrinfo(host, NULL, &want, found);

	return err ? gai_strerror(err) : NULL;
}

static const char *add_network(struct pn_access *access, const char *address,
			       const char *bits)
{
	struct addrinfo *found;
	const char *wrong = find(address, AI_NUMERICHOST, &found);
	unsigned long most, nr;
	char *end;

	if (wrong)
		return wrong;
	most = found->ai_family == AF_INET ? 32 : 128;
	nr = strtoul(bits, &end, 10);
	if (*bits < '0' || *bits > '9' || *end || nr > most)
		wrong = "no number of bits behind the /";
	else
		wrong = add(access, found->ai_addr,
			    nr + (most == 32 ? MAPPED_BITS : 0));
	freeaddrinfo(found);
	return wrong;
}

static const char *add_host(struct pn_access *access, const char *host)
{
	struct addrinfo *found, *a;
	const char *wrong = find(host, 0, &found);

	if (wrong)
		return wrong;
	for (a = found; a && !wrong; a = a->ai_next)
		wrong = add(access, a->ai_addr, 128);
	freeaddrinfo(found);
	return wrong;
}

static const char *add_any(struct pn_access *access)
{
	if (access->nr == PN_MAX_NETWORKS)
		return "too many hosts";
	memset(&access->networks[access->nr++], 0, sizeof(*access->networks));
	return NULL;
}

const char *pn_access_add(struct pn_access *access, const char *text)
{
	char address[MAX_TEXT];
	char *slash;

	if (strlen(text) >= sizeof(address))
		return "too long";
	if (!strcmp(text, "any"))
		return add_any(access);
	strcpy(address, text);
	slash = strchr(address, '/');
	if (!slash)
		return add_host(access, text);
	*slash = '\0';
	return add_network(access, address, slash + 1);
}
