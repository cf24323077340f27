// SPDX-License-Identifier: GPL-2.0
/* What etcd is asked, word by word, and what its answers mean; the words are those of 3.4. */
#include <string.h>

#include "etcd_json.h"
#include "tap.h"

#define HEAD	"\"header\":{\"cluster_id\":\"1\",\"revision\":\"5\",\"raft_term\":\"2\"}"
#define PREFIX	"/p/"
#define RANGE	"\"key\":\"L3Av\",\"range_end\":\"L3Aw\""
#define KEY_1	"\"key\":\"L3AvMTAuMC4wLjE6MQ==\""	/* /p/10.0.0.1:1 */
#define KEY_2	"\"key\":\"L3AvMTAuMC4wLjI6MQ==\""	/* /p/10.0.0.2:1 */

static struct kvp_members members;
static int64_t revision;
static char why[KVP_ETCD_WHY];

/* ----------------------------------------------------------------------- questions */

static void test_questions(void)
{
	static const char watch[] =
		"{\"create_request\":{" RANGE ",\"start_revision\":\"6\"}}";
	char body[KVP_ETCD_BODY];

	kvp_etcd_ask_range(body, PREFIX);
	ok(!strcmp(body, "{" RANGE ",\"limit\":\"256\"}"), "range: %s", body);
	kvp_etcd_ask_watch(body, PREFIX, 6);
	ok(!strcmp(body, watch), "watch: %s", body);
	kvp_etcd_ask_grant(body, 10);
	ok(!strcmp(body, "{\"TTL\":\"10\"}"), "grant: %s", body);
	kvp_etcd_ask_lease(body, INT64_MAX);
	ok(!strcmp(body, "{\"ID\":\"9223372036854775807\"}"), "lease: %s", body);
	kvp_etcd_ask_put(body, PREFIX, "10.0.0.1:1", "ab", 7);
	ok(!strcmp(body, "{" KEY_1 ",\"value\":\"YWI=\",\"lease\":\"7\"}"), "put: %s", body);
	kvp_etcd_ask_put(body, PREFIX, "10.0.0.2:1", "", 7);
	ok(!strcmp(body, "{" KEY_2 ",\"value\":\"\",\"lease\":\"7\"}"), "put: %s", body);
	kvp_etcd_ask_login(body, "u\"", "p\\w");
	ok(!strcmp(body, "{\"name\":\"u\\\"\",\"password\":\"p\\\\w\"}"), "login: %s", body);
}

/* ------------------------------------------------------------------------- members */

static bool reads(const char *text)
{
	return kvp_etcd_members(text, strlen(text), PREFIX, &members, &revision);
}

static void test_members(void)
{
	ok(reads("{" HEAD "}"), "an answer without keys");
	ok(members.nr == 0 && members.nr_bad == 0 && revision == 5, "has none");
	ok(reads("{" HEAD ",\"kvs\":[{" KEY_1 ",\"lease\":\"7\"},{" KEY_2
		 ",\"value\":\"YWI=\"}],\"count\":\"2\"}"), "one with two");
	is(members.nr, 2, "has two");
	ok(!strcmp(members.list[0].name, "10.0.0.1:1"), "the first is named for its address");
	ok(!strcmp(members.list[1].name, "ab"), "the second by itself");
	ok(!strcmp(members.list[1].address, "10.0.0.2"), "and is there");
	ok(reads("{" HEAD ",\"kvs\":[{" KEY_1 "}],\"more\":true}"), "more than were asked for");
	is(members.nr_bad, 1, "are counted");
}

/* Each with one that is good behind it. */
static void test_bad_keys(void)
{
	static const char *const bad[] = {
		"{}", "7", "null", "[]", "\"x\"", "{\"key\":7}", "{\"key\":null}", "{\"key\":\"\"}",
		"{\"key\":\"L3Av\"}", "{\"key\":\"L3EvMTAuMC4wLjE6MQ==\"}",	/* /q/ */
		"{\"key\":\"L3AvMTAuMC4wLjE6MQ=\\u0000\"}", "{\"key\":\"L3AvMTAuMC4wLjE6MQ==x\"}",
		"{\"key\":\"L3AvM\"}", "{\"key\":\"L3Av*TAuMC4wLjE6MQ==\"}",
		"{\"key\":\"L3AvMTAuMC4wLjE6MQA=\"}",	/* with a NUL */
		"{\"key\":\"L3AvaG9zdDox\"}",		/* host:1 */
		"{" KEY_1 ",\"value\":\"*\"}", "{" KEY_1 ",\"value\":\"QQ==\"}",	/* A */
		"{" KEY_1 ",\"value\":\"YQBi\"}",	/* a, NUL, b */
	};
	char text[1024];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "{" HEAD ",\"kvs\":[%s,{" KEY_2 "}]}", bad[i]);
		ok(reads(text) && members.nr == 1 && members.nr_bad == 1 &&
		   !strcmp(members.list[0].address, "10.0.0.2"), "is left out: %s", bad[i]);
	}
}

static void test_long_keys(void)
{
	static char text[1 << 18];
	size_t len;

	len = snprintf(text, sizeof(text), "{" HEAD ",\"kvs\":[{\"key\":\"L3Av");
	memset(text + len, 'Q', 100000);
	len += 100000;
	len += snprintf(text + len, sizeof(text) - len, "\"},{" KEY_2 ",\"value\":\"");
	memset(text + len, 'Q', 100000);
	len += 100000;
	strcpy(text + len, "\"},{" KEY_1 "}]}");
	ok(reads(text), "a key and a value of 75000 bytes");
	ok(members.nr == 1 && members.nr_bad == 2, "are left out");
}

static void test_no_answers(void)
{
	static const char *const bad[] = {
		"", "{", "7", "null", "[]", "\"\"", "{}", "{\"header\":7}", "{\"header\":{}}",
		"{\"header\":{\"revision\":\"0\"}}", "{\"header\":{\"revision\":\"-5\"}}",
		"{\"header\":{\"revision\":\"x\"}}", "{\"header\":{\"revision\":[5]}}",
		"{\"header\":{\"revision\":\"9223372036854775807\"}}",
		"{\"header\":{\"revision\":\"99999999999999999999\"}}",
		"{" HEAD ",\"kvs\":7}", "{" HEAD ",\"kvs\":{}}", "{" HEAD,
		"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!reads(bad[i]), "is no answer: %s", bad[i]);
}

/* -------------------------------------------------------------------------- others */

static enum kvp_etcd_event event(const char *text)
{
	return kvp_etcd_event(text, strlen(text), why);
}

static void test_events(void)
{
	static const char denied[] =
		"{\"result\":{\"canceled\":true,\"cancel_reason\":\"permission denied\"}}";
	static const char no_leader[] =
		"{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}";

	is(event("{\"result\":{" HEAD ",\"created\":true}}"), KVP_ETCD_QUIET, "it watches");
	is(event("{\"result\":{" HEAD "}}"), KVP_ETCD_QUIET, "nothing happens");
	is(event("{\"result\":{" HEAD ",\"events\":[{\"kv\":{" KEY_1 "}}]}}"), KVP_ETCD_CHANGED,
	   "a key was put");
	is(event("{\"result\":{" HEAD ",\"events\":[{\"type\":\"DELETE\",\"kv\":{" KEY_1 "}}]}}"),
	   KVP_ETCD_CHANGED, "a key is gone");
	is(event("{\"result\":{" HEAD ",\"canceled\":true,\"compact_revision\":\"3\"}}"),
	   KVP_ETCD_CHANGED, "what was to be told has been compacted");
	is(event(denied), KVP_ETCD_REFUSED, "it may not be watched");
	ok(strstr(why, "permission denied"), "the reason: %s", why);
	is(event(no_leader), KVP_ETCD_REFUSED, "an error");
	ok(strstr(why, "no leader"), "which: %s", why);
	is(event(""), KVP_ETCD_REFUSED, "nothing");
	is(event("[]"), KVP_ETCD_REFUSED, "no object");
	is(event("{\"result\":7}"), KVP_ETCD_REFUSED, "no result");
}

static bool lease(const char *text, int64_t *id, int64_t *ttl)
{
	return kvp_etcd_lease(text, strlen(text), id, ttl);
}

static void test_leases(void)
{
	int64_t id, ttl;

	ok(lease("{" HEAD ",\"ID\":\"2324035557956255749\",\"TTL\":\"2\"}", &id, &ttl), "granted");
	ok(id == 2324035557956255749 && ttl == 2, "which, and for how long");
	ok(lease("{\"result\":{" HEAD ",\"ID\":\"77\",\"TTL\":\"9\"}}\n", &id, &ttl), "kept alive");
	ok(id == 77 && ttl == 9, "for how long");
	ok(lease("{\"result\":{" HEAD ",\"ID\":\"77\"}}", &id, &ttl) && !ttl, "it is gone");
	ok(!lease("{" HEAD "}", &id, &ttl), "no lease");
	ok(!lease("{\"ID\":\"-1\",\"TTL\":\"2\"}", &id, &ttl), "a negative one");
	ok(!lease("{\"ID\":\"1\",\"TTL\":\"-2\"}", &id, &ttl), "a negative time");
	ok(!lease("x", &id, &ttl), "no answer");
}

static bool token(const char *text, char *to)
{
	return kvp_etcd_token(text, strlen(text), to);
}

static void test_tokens(void)
{
	char to[KVP_ETCD_TOKEN], text[2 * KVP_ETCD_TOKEN] = "{\"token\":\"";

	ok(token("{" HEAD ",\"token\":\"abc.17\"}", to) && !strcmp(to, "abc.17"), "a token");
	ok(!token("{" HEAD "}", to), "none");
	ok(!token("{\"token\":\"a\\r\\nHost: x\"}", to), "one that would be two lines of a head");
	ok(!token("{\"token\":{}}", to), "one that is no text");
	memset(text + strlen(text), 'a', KVP_ETCD_TOKEN);
	strcat(text, "\"}");
	ok(!token(text, to), "one that is too long");
}

static void test_errors(void)
{
	static const char text[] =
		"{\"error\":\"etcdserver: lease not found\",\"message\":\"x\",\"code\":5}";
	char text2[2 * KVP_ETCD_WHY] = "{\"error\":\"";

	ok(kvp_etcd_error(text, strlen(text), why), "an error");
	ok(!strcmp(why, "etcdserver: lease not found"), "in words: %s", why);
	ok(!kvp_etcd_error("Not Found", 9, why), "no words");
	memset(text2 + strlen(text2), 7, KVP_ETCD_WHY);
	strcat(text2, "\"}");
	ok(kvp_etcd_error(text2, strlen(text2), why) && strlen(why) == KVP_ETCD_WHY - 1 &&
	   strspn(why, "?") == strlen(why), "odd ones, and too many");
}

int main(void)
{
	test_questions();
	test_members();
	test_bad_keys();
	test_long_keys();
	test_no_answers();
	test_events();
	test_leases();
	test_tokens();
	test_errors();
	return done();
}
