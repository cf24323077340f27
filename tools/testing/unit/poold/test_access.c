// SPDX-License-Identifier: GPL-2.0
/* Access lists: who is on them is let in, and nobody else. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "access.h"
#include "tap.h"

static bool allows(const struct pn_access *access, const char *address)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
		return pn_access_allows(access, (struct sockaddr *)&four);
	must(inet_pton(AF_INET6, address, &six.sin6_addr) == 1);
	return pn_access_allows(access, (struct sockaddr *)&six);
}

struct try {
	const char *list;
	const char *address;
	bool allowed;
};

static const struct try tries[] = {
	{ "10.0.0.1", "10.0.0.1", true },
	{ "10.0.0.1", "10.0.0.2", false },
	{ "10.0.0.1", "::ffff:10.0.0.1", true },
	{ "10.0.0.1", "::10.0.0.1", false },
	{ "10.1.0.0/16", "10.1.255.255", true },
	{ "10.1.0.0/16", "10.2.0.0", false },
	{ "10.1.0.0/16", "::1", false },
	{ "10.0.0.0/31", "10.0.0.1", true },
	{ "10.0.0.0/31", "10.0.0.2", false },
	{ "192.168.77.128/25", "192.168.77.255", true },
	{ "192.168.77.128/25", "192.168.77.127", false },
	{ "10.0.0.7/32", "10.0.0.7", true },
	{ "10.0.0.7/32", "10.0.0.6", false },
	{ "0.0.0.0/0", "1.2.3.4", true },
	{ "0.0.0.0/0", "fe80::1", false },
	{ "any", "1.2.3.4", true },
	{ "any", "fe80::1", true },
	{ "fd00::/8", "fd12::1", true },
	{ "fd00::/8", "fe12::1", false },
	{ "fd00::1:0/113", "fd00::1:7fff", true },
	{ "fd00::1:0/113", "fd00::1:8000", false },
	{ "::1/128", "::1", true },
	{ "::1/128", "::", false },
};

static void test_networks(void)
{
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		struct pn_access access = { 0 };
		const char *wrong = pn_access_add(&access, tries[i].list);

		ok(!wrong && allows(&access, tries[i].address) == tries[i].allowed,
		   "%s: %s %s", tries[i].list, tries[i].address,
		   tries[i].allowed ? "may" : "may not");
	}
}

static void test_wrong(void)
{
	static const char * const texts[] = {
		"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/1x",
		"10.0.0.0/ 8", "fd00::/129", "nohost.invalid/8", "10.0.0/x/8",
		"10.0.0.0/99999999999999999999",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct pn_access access = { 0 };

		ok(pn_access_add(&access, texts[i]) && !access.nr,
		   "'%s' is refused", texts[i]);
	}
}

static void test_list(void)
{
	const struct sockaddr other = { .sa_family = AF_UNIX };
	struct pn_access access = { 0 };
	const char *wrong = NULL;
	unsigned int i;

	ok(!allows(&access, "10.0.0.1"), "an empty list is for nobody");
	must(!pn_access_add(&access, "10.0.0.1"));
	must(!pn_access_add(&access, "10.0.2.0/24"));
	ok(allows(&access, "10.0.0.1") && allows(&access, "10.0.2.9"), "all of a list");
	ok(!allows(&access, "10.0.1.1"), "and nobody else");
	must(!pn_access_add(&access, "localhost"));
	ok(allows(&access, "127.0.0.1") || allows(&access, "::1"), "names");
	must(!pn_access_add(&access, "any"));
	ok(!pn_access_allows(&access, &other), "no other kind of address");
	for (i = 0; i < 2 * PN_MAX_NETWORKS && !wrong; i++)
		wrong = pn_access_add(&access, "10.0.0.1");
	ok(wrong && access.nr == PN_MAX_NETWORKS, "not more than there is room for: %s",
	   wrong ? wrong : "none");
}

int main(void)
{
	test_networks();
	test_wrong();
	test_list();
	return done();
}
