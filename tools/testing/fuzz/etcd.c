// SPDX-License-Identifier: GPL-2.0
/* Answers of etcd: members are whole and no two the same, and texts end. */
#include "../../../userspace/pool/etcd_json.h"
#include "fuzz.h"

static void check_member(const struct kvp_members *members, unsigned int nr)
{
	const struct kvp_member *m = &members->list[nr];
	int family = strchr(m->address, ':') ? AF_INET6 : AF_INET;
	unsigned char address[16];
	unsigned int i;

	must(m->name[0] && memchr(m->name, 0, sizeof(m->name)) && m->port);
	must(memchr(m->address, 0, sizeof(m->address)));
	must(inet_pton(family, m->address, address) == 1);
	for (i = 0; i < nr; i++)
		must(strcmp(m->name, members->list[i].name));
}

static void members(const char *text, size_t size)
{
	struct kvp_members *members = malloc(sizeof(*members));
	int64_t revision = 0;
	unsigned int i;

	must(members);
	if (kvp_etcd_members(text, size, "/p/", members, &revision))
		must(revision > 0 && revision < INT64_MAX);
	must(members->nr <= KVP_MOST_ANNOUNCED);
	for (i = 0; i < members->nr; i++)
		check_member(members, i);
	free(members);
}

static void others(const char *text, size_t size)
{
	char *token = malloc(KVP_ETCD_TOKEN), *why = malloc(KVP_ETCD_WHY);
	int64_t lease = 0, ttl = 0;

	must(token && why);
	if (kvp_etcd_lease(text, size, &lease, &ttl))
		must(lease > 0 && ttl >= 0);
	if (kvp_etcd_token(text, size, token))
		must(token[0] && memchr(token, 0, KVP_ETCD_TOKEN) && !strpbrk(token, "\r\n"));
	if (kvp_etcd_event(text, size, why) == KVP_ETCD_REFUSED)
		must(why[0] && memchr(why, 0, KVP_ETCD_WHY));
	if (kvp_etcd_error(text, size, why))
		must(why[0] && memchr(why, 0, KVP_ETCD_WHY));
	free(token);
	free(why);
}

/* The bytes behind a prefix, as they are announced. */
static void member(const uint8_t *data, size_t size)
{
	struct kvp_members *members = calloc(1, sizeof(*members));
	size_t half = size ? data[0] % size : 0;

	must(members);
	kvp_member_add(members, (const char *)data, half, (const char *)data + half,
		       size - half);
	kvp_member_add(members, (const char *)data, size, NULL, 0);
	must(members->nr + members->nr_bad == 2);
	while (members->nr)
		check_member(members, --members->nr);
	free(members);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	members((const char *)data, size);
	others((const char *)data, size);
	member(data, size);
	return 0;
}

#define HEAD "\"header\":{\"cluster_id\":\"1\",\"revision\":\"5\"}"

void fuzz_seeds(seed_fn seed)
{
	static const char *const texts[] = {
		"{" HEAD ",\"kvs\":[{\"key\":\"L3AvMTAuMC4wLjE6MQ==\",\"lease\":\"7\"},{\"key\":\"L3AvW2ZkMDA6OjFdOjE=\",\"value\":\"YWI=\"}],\"more\":true}",
		"{\"result\":{" HEAD ",\"created\":true}}",
		"{\"result\":{" HEAD ",\"events\":[{\"type\":\"DELETE\"}]}}",
		"{\"result\":{" HEAD ",\"canceled\":true,\"compact_revision\":\"3\"}}",
		"{\"result\":{" HEAD ",\"canceled\":true,\"cancel_reason\":\"denied\"}}",
		"{\"error\":{\"grpc_code\":14,\"message\":\"no leader\"}}",
		"{\"error\":\"not found\",\"code\":5}",
		"{" HEAD ",\"ID\":\"7\",\"TTL\":\"2\"}",
		"{\"result\":{\"ID\":\"7\"}}",
		"{" HEAD ",\"token\":\"abc.17\"}",
		"10.0.0.1:7471", "[fd00::1]:7471", "\01510.0.0.12:747name",
	};
	char name[8];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(name, sizeof(name), "text%zu", i);
		seed(name, texts[i], strlen(texts[i]));
	}
}
