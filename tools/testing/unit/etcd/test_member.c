// SPDX-License-Identifier: GPL-2.0
/* What is a member, and what is not. */
#include <string.h>

#include "member.h"
#include "tap.h"

static struct kvp_members members;

static bool adds(const char *at, size_t at_len, const char *name, size_t name_len)
{
	memset(&members, 0, sizeof(members));
	kvp_member_add(&members, at, at_len, name, name_len);
	return members.nr == 1 && !members.nr_bad;
}

static bool takes(const char *at, const char *name)
{
	return adds(at, strlen(at), name, strlen(name));
}

static void test_good(void)
{
	const struct kvp_member *m = &members.list[0];

	ok(takes("10.0.0.1:7471", ""), "an address and a port");
	ok(!strcmp(m->address, "10.0.0.1") && m->port == 7471, "are what they are");
	ok(!strcmp(m->name, "10.0.0.1:7471"), "and the name");
	ok(takes("[fd00::1]:65535", "node-1_b"), "IPv6, and a name");
	ok(!strcmp(m->address, "fd00::1") && m->port == 65535, "are what they are");
	ok(!strcmp(m->name, "node-1_b"), "so is the name");
	ok(takes("[fd00:1111:2222:3333:4444:5555:6666:7777]:65535", ""), "the longest one");
}

static void test_bad_addresses(void)
{
	static const char *const bad[] = {
		"", ":", "[", "[]", "[]:1", ":7471", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0",
		"10.0.0.1:65536", "10.0.0.1:4294974767", "10.0.0.1:07471", "10.0.0.1:+7471",
		"10.0.0.1: 7471", "10.0.0.1:7471 ", " 10.0.0.1:7471", "10.0.0.1:7471:7471",
		"10.0.0.01:7471", "10.0.1:7471", "0x0a000001:7471", "10.0.0.256:7471",
		"host:7471", "localhost:7471", "0.0.0.0:7471", "255.255.255.255:7471",
		"224.0.0.1:7471", "fd00::1:7471", "[10.0.0.1]:7471", "[fd00::1]", "[fd00::1:7471",
		"[fd00::1]7471", "[fd00::1x:7471", "[FD00::1]:7471", "[fd00:0::1]:7471", "[::]:7471",
		"[ff02::1]:7471", "[fe80::1]:7471", "[fe80::1%eth0]:7471", "[::ffff:10.0.0.1]:7471",
		"10.0.0.1:7471/", "../10.0.0.1:7471", "\xff\xfe:1",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!takes(bad[i], ""), "'%s' is none", bad[i]);
	ok(!adds("10.0.0.1:7471", 14, "", 0), "nor is one with a NUL");
}

static void test_bad_names(void)
{
	static const char *const bad[] = {
		"Node", "1node", "-node", "node 1", "node.1", "node/1", "n\xc3\xb6", "node\n",
		"a123456789a123456789a123456789ab",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!takes("10.0.0.1:7471", bad[i]), "bad name %zu", i);
	ok(!adds("10.0.0.1:7471", 13, "a\0b", 3), "nor is one with a NUL");
	ok(takes("10.0.0.1:7471", "a123456789a123456789a123456789a"), "31 are one");
}

static void test_long(void)
{
	char at[200];

	memset(at, '1', sizeof(at));
	memcpy(at + 190, ":7471", 5);
	ok(!adds(at, 195, "", 0), "an address of 190 digits");
	ok(!adds("10.0.0.1:7471", 13, at, sizeof(at)), "a name of 200");
}

static void test_two(void)
{
	memset(&members, 0, sizeof(members));
	kvp_member_add(&members, "10.0.0.1:1", 10, "node", 4);
	kvp_member_add(&members, "10.0.0.2:1", 10, "node", 4);
	is(members.nr, 1, "of two with one name");
	ok(!strcmp(members.list[0].address, "10.0.0.1"), "the first is the member");
	is(members.nr_bad, 1, "and the other is none");
}

static void test_many(void)
{
	char at[KVP_MEMBER_NAME];
	int i;

	memset(&members, 0, sizeof(members));
	for (i = 0; i < KVP_MOST_ANNOUNCED + 3; i++) {
		snprintf(at, sizeof(at), "10.0.0.1:%d", i + 1);
		kvp_member_add(&members, at, strlen(at), "", 0);
	}
	is(members.nr, KVP_MOST_ANNOUNCED, "so many, and not more");
	is(members.nr_bad, 3, "the others are counted");
}

static void test_at(void)
{
	struct sockaddr_storage to = { .ss_family = AF_INET };
	char at[KVP_MEMBER_NAME];

	inet_pton(AF_INET, "10.0.0.1", &((struct sockaddr_in *)&to)->sin_addr);
	ok(kvp_member_at(&to, 7471, at) && !strcmp(at, "10.0.0.1:7471"), "IPv4 is written");
	memset(&to, 0, sizeof(to));
	to.ss_family = AF_INET;
	ok(!kvp_member_at(&to, 7471, at), "any address is none");
	to.ss_family = AF_INET6;
	ok(!kvp_member_at(&to, 7471, at), "nor is that of IPv6");
	inet_pton(AF_INET6, "fd00::1", &((struct sockaddr_in6 *)&to)->sin6_addr);
	ok(kvp_member_at(&to, 7471, at) && !strcmp(at, "[fd00::1]:7471"), "IPv6 is written");
	to.ss_family = AF_UNIX;
	ok(!kvp_member_at(&to, 7471, at), "others are not");
}

int main(void)
{
	test_good();
	test_bad_addresses();
	test_bad_names();
	test_long();
	test_two();
	test_many();
	test_at();
	return done();
}
