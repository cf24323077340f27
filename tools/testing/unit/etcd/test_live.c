// SPDX-License-Identifier: GPL-2.0
/*
 * Pool nodes and one that wants to know them, with a real etcd: they come and go, and so does
 * etcd. Nothing here takes a fixed time: what is to be seen is waited for.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "etcd.h"
#include "server.h"
#include "tap.h"

#define PATIENCE	120	/* s */
#define LONG_TTL	3600	/* s: who is gone before was taken away */

static struct server server;
static struct kvp_etcd *watcher;
static struct kvp_etcd_news news;	/* of the watcher */

/* --------------------------------------------------------------------------- waiting */

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Takes news of @etcd until @holds. */
static bool until(struct kvp_etcd *etcd, struct kvp_etcd_news *n, bool (*holds)(void *),
		  void *arg)
{
	struct pollfd p = { .fd = kvp_etcd_fd(etcd), .events = POLLIN };
	time_t end = now() + PATIENCE;

	while (!holds(arg) && now() < end)
		if (poll(&p, 1, 1000) > 0)
			kvp_etcd_take(etcd, n);
	return holds(arg);
}

static bool has_nr(void *arg)
{
	return !*news.why && news.members.nr == *(unsigned int *)arg;
}

static bool sees(unsigned int nr)
{
	return until(watcher, &news, has_nr, &nr);
}

static bool is_wrong(void *arg)
{
	return *((struct kvp_etcd_news *)arg)->why;
}

static bool is_fine(void *arg)
{
	return !is_wrong(arg);
}

static bool has_member(const char *at)
{
	unsigned int i;

	for (i = 0; i < news.members.nr; i++)
		if (!strcmp(news.members.list[i].name, at))
			return true;
	return false;
}

static bool is_member(void *at)
{
	return !*news.why && has_member(at);
}

static bool sees_member(char *at)
{
	return until(watcher, &news, is_member, at);
}

/* -------------------------------------------------------------------------- members */

static void configure(struct kvp_etcd_config *c, unsigned int ttl, const char *name)
{
	memset(c, 0, sizeof(*c));
	c->endpoints.nr = 1;
	strcpy(c->endpoints.list[0], server.url);
	strcpy(c->prefix, "/kvtier/t/members/");
	server_ca(&server, c->ca_file);
	c->ttl = ttl;
	strcpy(c->name, name);
}

static struct kvp_etcd *announce(const char *at, unsigned int ttl, const char *name)
{
	struct kvp_etcd_config c;
	struct kvp_etcd *etcd;

	configure(&c, ttl, name);
	must(!kvp_etcd_start(&c, at, &etcd));
	return etcd;
}

static void watch(void)
{
	struct kvp_etcd_config c;

	memset(&news, 0, sizeof(news));
	strcpy(news.why, "nothing is known yet");
	configure(&c, 0, "");
	must(!kvp_etcd_start(&c, NULL, &watcher));
}

/* A member that is another process: this program. */
static pid_t start_process(const char *at)
{
	pid_t parent = getpid(), pid = fork();

	must(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execl("/proc/self/exe", "live", server.url, at, NULL);
	_exit(1);
}

static void be_process(const char *url, const char *at)
{
	strcpy(server.url, url);
	announce(at, 2, "");
	for (;;)
		pause();
}

/* What somebody else writes below the prefix. */
static void put(const char *at, const char *name)
{
	char body[KVP_ETCD_BODY];

	kvp_etcd_ask_put(body, "/kvtier/t/members/", at, name, 0);
	must(server_ask(&server, "/v3/kv/put", body, NULL) == 200);
}

static void wipe(void)
{
	must(server_ask(&server, "/v3/kv/deleterange",
			"{\"key\":\"L2t2dGllci90L21lbWJlcnMv\",\"range_end\":\"L2t2dGllci90L21lbWJlcnMw\"}",
			NULL) == 200);
}

/* ---------------------------------------------------------------------------- tests */

/* A pool is formed, in whatever order all of it begins. */
static void test_no_etcd(void)
{
	struct kvp_etcd_news mine = {};
	struct kvp_etcd *early = announce("10.0.0.1:1", LONG_TTL, "");

	watch();
	memset(&news, 0, sizeof(news));
	ok(until(watcher, &news, is_wrong, &news), "no etcd: the watcher is told: %s", news.why);
	ok(until(early, &mine, is_wrong, &mine), "so is the pool node: %s", mine.why);
	is(news.members.nr, 0, "nobody is a member");
	server_start(&server);
	ok(sees_member("10.0.0.1:1"), "etcd comes: the pool node is a member");
	ok(until(early, &mine, is_fine, &mine), "and knows it");
	kvp_etcd_stop(early);
	ok(sees(0), "it ends: it is a member no more, at once");
}

static void test_come_and_go(void)
{
	struct kvp_etcd *first = announce("10.0.0.1:1", LONG_TTL, ""), *second;

	ok(sees(1), "a member");
	second = announce("[fd00::2]:7471", LONG_TTL, "two");
	ok(sees(2), "a second one");
	ok(has_member("10.0.0.1:1") && has_member("two"), "by their names");
	ok(!strcmp(news.members.list[1].address, "fd00::2"), "and addresses");
	kvp_etcd_stop(first);
	ok(sees(1) && has_member("two"), "the first ends: the second is left");
	first = announce("10.0.0.1:1", LONG_TTL, "");
	ok(sees(2), "it comes again");
	kvp_etcd_stop(first);
	kvp_etcd_stop(second);
	ok(sees(0), "both end");
}

static void test_killed(void)
{
	pid_t pid = start_process("10.0.0.7:1");

	ok(sees_member("10.0.0.7:1"), "a pool node of its own process");
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
	ok(sees(0), "killed: its time is over, and it is a member no more");
	pid = start_process("10.0.0.7:1");
	ok(sees(1), "it starts again: it is one");
	kill(pid, SIGSTOP);
	ok(sees(0), "it sleeps: it is none");
	kill(pid, SIGCONT);
	ok(sees(1), "it wakes up: it finds that out, and is one");
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
	ok(sees(0), "the end of it");
}

static void test_hostile(void)
{
	struct kvp_etcd *good = announce("10.0.0.1:1", LONG_TTL, "");
	unsigned int i;
	char at[256];

	put("*", "");
	put("000:1", "");
	put("host:1", "");
	put("10.0.0.2:1", "*.*");
	put("10.0.0.3:1", "a23456789a23456789a23456789a23456789");
	put("10.0.0.4:1", "a");
	put("10.0.0.5:1", "a");
	must(server_ask(&server, "/v3/kv/put",	/* NULs */
			"{\"key\":\"L2t2dGllci90L21lbWJlcnMvAAAA\",\"value\":\"AAAA\"}",
			NULL) == 200);
	for (i = 0; i < 100; i++) {
		snprintf(at, sizeof(at), "10.0.0.6:%0200u", i);
		put(at, "");
	}
	put("10.0.0.9:9", "z");
	ok(sees_member("z"), "among keys and values that are no good, one that is");
	ok(has_member("10.0.0.1:1") && has_member("a"), "and others");
	is(news.members.nr, 3, "no more than that");
	is(news.members.nr_bad, 107, "all others are counted");
	wipe();
	ok(sees(0), "all are deleted");
	kvp_etcd_stop(good);
}

static void test_many(void)
{
	unsigned int i;
	char at[32];

	for (i = 0; i < KVP_MOST_ANNOUNCED + 6; i++) {
		snprintf(at, sizeof(at), "10.0.0.1:%u", 1000 + i);
		put(at, "");
	}
	ok(sees(KVP_MOST_ANNOUNCED) && has_member("10.0.0.1:1000"), "64 are members, not more");
	must(server_ask(&server, "/v3/kv/deleterange",	/* 10.0.0.1:1000 */
			"{\"key\":\"L2t2dGllci90L21lbWJlcnMvMTAuMC4wLjE6MTAwMA==\"}", NULL) == 200);
	ok(sees_member("10.0.0.1:1064") && news.members.nr == KVP_MOST_ANNOUNCED,
	   "one of them goes: the next has its place");
	wipe();
	ok(sees(0), "all are deleted");
}

static void test_restart(void)
{
	struct kvp_etcd *first = announce("10.0.0.1:1", 60, ""), *second;
	unsigned int nr = 1;

	must(sees(nr));
	server_stop(&server);
	ok(until(watcher, &news, is_wrong, &news), "etcd is killed: %s", news.why);
	is(news.members.nr, 1, "the member stays");
	second = announce("10.0.0.2:1", 60, "");
	server_start(&server);
	ok(sees(2), "it starts again: who has come since is a member");
	ok(has_member("10.0.0.1:1"), "and who was before");
	kvp_etcd_stop(second);
	ok(sees(1), "it is watched as before");
	kvp_etcd_stop(first);
	ok(sees(0), "to the end");
}

static void test_compaction(void)
{
	static const char watch_old[] =
		"{\"create_request\":{\"key\":\"YQ==\",\"start_revision\":\"1\"}}";
	struct kvp_etcd *first = announce("10.0.0.1:1", 60, ""), *second;
	char answer[4096], body[64], why[KVP_ETCD_WHY];
	struct kvp_members members;
	int64_t revision;

	must(sees(1));
	must(server_ask(&server, "/v3/kv/range", "{\"key\":\"YQ==\"}", answer) == 200);
	must(kvp_etcd_members(answer, strlen(answer), "/", &members, &revision));
	snprintf(body, sizeof(body), "{\"revision\":\"%lld\"}", (long long)revision);
	must(server_ask(&server, "/v3/kv/compaction", body, NULL) == 200);
	must(server_ask(&server, "/v3/watch", watch_old, answer) == 200);
	is(kvp_etcd_event(answer, strlen(answer), why), KVP_ETCD_CHANGED,
	   "a watch of what was compacted is to be begun anew: %s", answer);
	second = announce("10.0.0.2:1", 60, "");
	ok(sees(2), "after it changes are seen");
	server_stop(&server);
	must(until(watcher, &news, is_wrong, &news));
	server_start(&server);
	ok(sees(2), "and after a restart of etcd");
	kvp_etcd_stop(first);
	kvp_etcd_stop(second);
	ok(sees(0), "to the end");
}

/* Revisions begin anew, and no lease is known. */
static void test_forgotten(void)
{
	struct kvp_etcd *node = announce("10.0.0.1:1", 4, "");

	must(sees(1));
	server_stop(&server);
	must(until(watcher, &news, is_wrong, &news));
	server_forget(&server);
	server_start(&server);
	ok(until(watcher, &news, is_fine, &news), "etcd comes back and knows nothing");
	ok(sees(1), "the pool node tells it anew");
	kvp_etcd_stop(node);
	ok(sees(0), "and can take it back");
}

static void test_endpoints(void)
{
	struct kvp_etcd_config c;
	struct kvp_etcd *node;

	configure(&c, LONG_TTL, "");
	strcpy(c.endpoints.list[0], "http://127.0.0.1:1");
	strcpy(c.endpoints.list[1], "https://127.0.0.1:1");
	strcpy(c.endpoints.list[2], server.url);
	c.endpoints.nr = 3;
	must(!kvp_etcd_start(&c, "10.0.0.1:1", &node));
	ok(sees(1), "of three endpoints one answers");
	kvp_etcd_stop(node);
	ok(sees(0), "also when it is to be taken away");
}

/* However long etcd does not answer: the end comes. */
static void test_end(void)
{
	struct kvp_etcd *node = announce("10.0.0.1:1", LONG_TTL, "");

	must(sees(1));
	kill(server.pid, SIGSTOP);
	kvp_etcd_stop(node);
	kvp_etcd_stop(watcher);
	ok(true, "etcd sleeps: all end nevertheless");
	kill(server.pid, SIGCONT);
	server_stop(&server);
	server_forget(&server);
}

/* All below /kvtier/t/ */
#define ALL_OF_POOL "{\"permType\":\"READWRITE\"," POOL_KEYS "}"
#define POOL_KEYS "\"key\":\"L2t2dGllci90Lw==\",\"range_end\":\"L2t2dGllci90MA==\""

static void allow_user(void)
{
	static const char *const steps[][2] = {
		{ "user/add", "{\"name\":\"root\",\"password\":\"r\"}" },
		{ "role/add", "{\"name\":\"root\"}" },
		{ "user/grant", "{\"user\":\"root\",\"role\":\"root\"}" },
		{ "user/add", "{\"name\":\"kv\",\"password\":\"p:\\\"w\"}" },
		{ "role/add", "{\"name\":\"kv\"}" },
		{ "user/grant", "{\"user\":\"kv\",\"role\":\"kv\"}" },
		{ "role/grant", "{\"name\":\"kv\",\"perm\":" ALL_OF_POOL "}" },
		{ "enable", "{}" },
	};
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		snprintf(path, sizeof(path), "/v3/auth/%s", steps[i][0]);
		must(server_ask(&server, path, steps[i][1], NULL) == 200);
	}
}

static void test_tls(void)
{
	struct kvp_etcd_news mine = {};
	struct kvp_etcd_config c;
	struct kvp_etcd *node;

	configure(&c, LONG_TTL, "");
	*c.ca_file = '\0';
	must(!kvp_etcd_start(&c, "10.0.0.1:1", &node));
	ok(until(node, &mine, is_wrong, &mine), "a server of an unknown authority: %s", mine.why);
	kvp_etcd_stop(node);

	allow_user();
	configure(&c, LONG_TTL, "");
	strcpy(c.user_file.name, "kv");
	strcpy(c.user_file.password, "wrong");
	must(!kvp_etcd_start(&c, "10.0.0.1:1", &node));
	memset(&mine, 0, sizeof(mine));
	ok(until(node, &mine, is_wrong, &mine), "the wrong password: %s", mine.why);
	kvp_etcd_stop(node);

	strcpy(c.user_file.password, "p:\"w");
	c.ttl = 6;
	must(!kvp_etcd_start(&c, "10.0.0.1:1", &node));
	memset(&mine, 0, sizeof(mine));
	memset(&news, 0, sizeof(news));
	must(!kvp_etcd_start(&c, NULL, &watcher));
	ok(sees(1), "the right one: a member");
	server_stop(&server);
	must(until(watcher, &news, is_wrong, &news) && until(node, &mine, is_wrong, &mine));
	server_start(&server);
	ok(until(node, &mine, is_fine, &mine) && sees(1), "a server that has forgotten all logins");
	kvp_etcd_stop(node);
	ok(sees(0), "the end of it");
	kvp_etcd_stop(watcher);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		be_process(argv[1], argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!server_program()) {
		puts("1..0 # SKIP there is no etcd: run tools/testing/setup unit");
		return 0;
	}
	server_create(&server, false);
	test_no_etcd();
	test_come_and_go();
	test_killed();
	test_hostile();
	test_many();
	test_restart();
	test_compaction();
	test_forgotten();
	test_endpoints();
	test_end();
	server_destroy(&server);

	server_create(&server, true);
	server_start(&server);
	test_tls();
	server_destroy(&server);
	return done();
}
