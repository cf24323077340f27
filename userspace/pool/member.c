// SPDX-License-Identifier: GPL-2.0
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "wire.h"

/* An IPv4 address in IPv6's clothes would be a second spelling; fe80:: needs an interface. */
static bool is_usable6(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_MULTICAST(a) &&
	       !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_V4MAPPED(a);
}

static bool is_usable4(struct in_addr a)
{
	return a.s_addr != INADDR_ANY && !IN_MULTICAST(ntohl(a.s_addr)) &&
	       a.s_addr != INADDR_BROADCAST;
}

bool kvp_member_at(const struct sockaddr_storage *address, uint16_t port,
		   char at[KVP_MEMBER_NAME])
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	char text[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_INET6 && is_usable6(&in6->sin6_addr)) {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(at, KVP_MEMBER_NAME, "[%s]:%u", text, port);
	} else if (address->ss_family == AF_INET && is_usable4(in->sin_addr)) {
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(at, KVP_MEMBER_NAME, "%s:%u", text, port);
	} else {
		return false;
	}
	return port;
}

/* "[ADDRESS]" or "ADDRESS", which is changed. */
static bool parse_address(char *text, struct sockaddr_storage *to)
{
	size_t len = strlen(text);

	if (*text != '[') {
		to->ss_family = AF_INET;
		return inet_pton(AF_INET, text, &((struct sockaddr_in *)to)->sin_addr) == 1;
	}
	text[len - 1] = '\0';
	to->ss_family = AF_INET6;
	return inet_pton(AF_INET6, text + 1, &((struct sockaddr_in6 *)to)->sin6_addr) == 1;
}

/* What is not just as it would be written is none. */
static bool parse_at(const char *at, struct kvp_member *m)
{
	char text[KVP_MEMBER_NAME], again[KVP_MEMBER_NAME], *colon;
	struct sockaddr_storage to = {};

	strcpy(text, at);
	colon = strrchr(text, ':');
	if (!colon || colon == text)
		return false;
	*colon = '\0';
	m->port = strtoul(colon + 1, NULL, 10);
	if (!parse_address(text, &to) || !kvp_member_at(&to, m->port, again) ||
	    strcmp(at, again))
		return false;
	strcpy(m->address, text + (*text == '['));
	return true;
}

bool kvp_is_member_name(const char *name, size_t len)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t i;

	for (i = 0; i < len; i++)
		if (!name[i] || !strchr(good, name[i]))
			return false;
	return len && len < KVP_NAME_SIZE && name[0] >= 'a' && name[0] <= 'z';
}

static bool has_name(const struct kvp_members *members, const char *name)
{
	unsigned int i;

	for (i = 0; i < members->nr; i++)
		if (!strcmp(members->list[i].name, name))
			return true;
	return false;
}

static bool parse(struct kvp_member *m, const char *at, size_t at_len,
		  const char *name, size_t name_len)
{
	if (at_len >= sizeof(m->name) || memchr(at, '\0', at_len))
		return false;
	memcpy(m->name, at, at_len);
	if (!parse_at(m->name, m))
		return false;
	if (!name_len)
		return true;
	if (!kvp_is_member_name(name, name_len))
		return false;
	memset(m->name, 0, sizeof(m->name));
	memcpy(m->name, name, name_len);
	return true;
}

void kvp_member_add(struct kvp_members *members, const char *at, size_t at_len,
		    const char *name, size_t name_len)
{
	struct kvp_member m = {};

	if (members->nr < KVP_MOST_ANNOUNCED && parse(&m, at, at_len, name, name_len) &&
	    !has_name(members, m.name))
		members->list[members->nr++] = m;
	else
		members->nr_bad++;
}
