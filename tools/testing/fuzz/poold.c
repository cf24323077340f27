// SPDX-License-Identifier: GPL-2.0
/* The configuration of kvtier-poold: what is taken is whole, and texts end. */
#include <netdb.h>

#include "../../../userspace/poold/config.h"
#include "fuzz.h"
#include "ini_file.h"

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **res);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **res);

/* Nobody is asked for a name. */
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		       struct addrinfo **res)
{
	struct addrinfo numeric = {};

	if (hints)
		numeric = *hints;
	numeric.ai_flags |= AI_NUMERICHOST;
	return __real_getaddrinfo(node, service, &numeric, res);
}

static void check_space(const struct pn_space_config *s)
{
	unsigned int i;

	must(s->name[0] && memchr(s->name, 0, KVT_NAME_SIZE));
	must(s->space[0] && memchr(s->space, 0, KVT_NAME_SIZE));
	must(memchr(s->key_file.path, 0, KVP_PATH));
	must(s->allow.nr <= PN_MAX_NETWORKS);
	for (i = 0; i < s->allow.nr; i++)
		must(s->allow.networks[i].bits <= 128);
}

static void check_config(const struct pn_config *c)
{
	unsigned int i;

	must(memchr(c->listen, 0, KVP_PATH));
	must(c->port && c->port <= UINT16_MAX && c->credits && c->max_clients);
	must(c->nr_spaces <= PN_MAX_SPACES);
	for (i = 0; i < c->nr_spaces; i++) {
		check_space(&c->spaces[i]);
		must(pn_config_space(c, c->spaces[i].name) == &c->spaces[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *wrong = malloc(KVP_WRONG);
	struct pn_config *c;

	must(wrong);
	c = pn_config_read(ini_file(data, size), wrong);
	if (c)
		check_config(c);
	else
		must(*wrong && memchr(wrong, 0, KVP_WRONG));
	pn_config_free(c);
	free(wrong);
	return 0;
}

void fuzz_seeds(seed_fn seed)
{
	static const char text[] =
		"[poold]\nlisten = ::1\nport = 7000\nlog = debug\npatience = 5\n"
		"credits = 32\nmax_clients = 64\n"
		"[space chat]\nspace = chat-local\nkey_file = /etc/key\nmax_leases = 100\n"
		"allow = 10.0.0.0/8\nallow = ::1\n"
		"[etcd]\nendpoints = http://10.0.0.1:2379\npool = a\nttl = 9\nname = n1\n"
		"address = 10.0.0.2\n";

	seed("all", text, strlen(text));
}
