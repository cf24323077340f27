// SPDX-License-Identifier: GPL-2.0
/* The configuration file: what is read, and what is wrong is said with its line. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "tap.h"

#define KEY "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static char wrong[KVP_WRONG];
static struct kvd_config *config;

static void write_file(const char *path, const char *text, int mode)
{
	FILE *f = fopen(path, "w");

	must(f && fputs(text, f) >= 0 && !fclose(f) && !chmod(path, mode));
}

static bool reads(const char *text)
{
	kvd_config_free(config);
	write_file("conf", text, 0644);
	config = kvd_config_read("conf", wrong);
	return config;
}

static bool says(const char *text, const char *part)
{
	bool good = !reads(text) && strstr(wrong, part);

	if (!good)
		printf("# said: %s\n", wrong);
	return good;
}

#define GOOD "[kvtierd]\ntier = pool\n"
#define SPACE "[space kv]\nkey_file = key\n"

static void test_good(void)
{
	const struct kvd_space_config *s;

	ok(reads(GOOD), "the least: %s", wrong);
	ok(config->depth == 32 && config->log == KVP_INFO && *config->host &&
	   !config->nr_members, "what is not stated");
	ok(reads("# a comment\n[kvtierd]\ntier=pool\ndepth=64\nlog = debug\nhost=host1\n"
		 "[member a]\naddress = 10.0.0.1\n[member b]\naddress = b.example\nport = 7\n"
		 "[space kv]\npool_space = kvpool\nkey_file = key\nreplicas = 2\n"
		 "hot_replicas = 6\nhot_uses = 100\n"
		 "[space other]\nkey_file = key\n"), "all there is: %s", wrong);
	ok(!strcmp(config->tier, "pool") && config->depth == 64 &&
	   config->log == KVP_DEBUG && !strcmp(config->host, "host1"), "[kvtierd]");
	ok(config->nr_members == 2 && !strcmp(config->members[0].address, "10.0.0.1") &&
	   config->members[0].port == KVP_PORT && config->members[1].port == 7, "[member]");
	s = kvd_config_space(config, "kv");
	ok(s && !strcmp(s->pool_space, "kvpool") && s->replicas == 2 &&
	   s->hot_replicas == 6 && s->hot_uses == 100 &&
	   s->key_file.secret[0] == 0x01 && s->key_file.secret[15] == 0xef, "[space]");
	s = kvd_config_space(config, "other");
	ok(s && !strcmp(s->pool_space, "other") && s->replicas == 1 &&
	   !s->hot_replicas && s->hot_uses == 16, "a space without more");
	ok(!kvd_config_space(config, "none"), "one that is not there");
	ok(reads(GOOD "[policy]\ndry_run = yes\n[rule slow]\nwhen = pool_latency_ms > 50\n"
		 "back = 20\nset = remote_write none\n") && config->dry_run &&
	   config->nr_rules == 1 && config->rules[0].limit == 50 &&
	   !strcmp(config->status_file, "/run/kvtierd/policy.json"), "a rule: %s", wrong);
}

static void test_bad(void)
{
	ok(says("", "has no tier"), "an empty file");
	ok(says("[kvtierd]\ntier = Pool\n", "conf:2"), "a bad name, and its line");
	ok(says(GOOD "color = red\n", "conf:3: there is no key 'color'"), "a key that is not known");
	ok(says(GOOD "[color red]\na = b\n", "is none of"), "a section that is not known");
	ok(says(GOOD "depth = 65\n", "out of range"), "too deep");
	ok(says(GOOD "depth = 0\n", "out of range"), "not deep at all");
	ok(says(GOOD "depth = x\n", "whole number"), "no number");
	ok(says(GOOD "depth = -1\n", "whole number"), "negative");
	ok(says(GOOD "depth = 1\ndepth = 2\n", "twice"), "twice");
	ok(says(GOOD "tier = other\n", "twice"), "the tier twice");
	ok(says(GOOD "log = loud\n", "is not error"), "no level");
	ok(says(GOOD "host = a234567890123456\n", "too long"), "a host of 16");
	ok(says(GOOD "nonsense\n", "conf:3"), "no key = value");
	ok(says(GOOD "[member a]\nport = 7\n", "no address"), "a member without address");
	ok(says(GOOD "[member a]\naddress = x\nport = 65536\n", "out of range"), "a port");
	ok(says(GOOD "[member A]\naddress = x\n", "member 'A'"), "a member's name");
	ok(says(GOOD "[member a2345678901234567890123456789012]\naddress = x\n", "a name is"),
	   "a long one");
	ok(says(GOOD "[space kv]\nreplicas = 1\n", "no key_file"), "a space without key");
	ok(says(GOOD SPACE "replicas = 9\n", "out of range"), "too many replicas");
	ok(reads(GOOD SPACE "hot_replicas = 0\n"), "none for hot blocks: %s", wrong);
	ok(says(GOOD SPACE "hot_replicas = 8\n", "out of range: 0 to 7"), "too many for them");
	ok(says(GOOD SPACE "hot_replicas = -1\n", "whole number"), "fewer than none");
	ok(says(GOOD SPACE "replicas = 5\nhot_replicas = 4\n",
		"space 'kv': replicas and hot_replicas together are more than 8"),
	   "too many together");
	ok(says(GOOD SPACE "hot_uses = 0\n", "out of range: 1 to 65535"), "all blocks are hot");
	ok(says(GOOD "[rule r]\nset = promote off\n", "rule 'r' has no 'when'"), "half a rule");
	ok(says(GOOD "[rule r]\nwhen = x\n", "conf:4: when: 'x': is not"), "a wrong one");
	ok(says(GOOD "[policy]\ndry_run = maybe\n", "yes or no"), "neither yes nor no");
	kvd_config_free(config);
	config = kvd_config_read("absent", wrong);
	ok(!config && strstr(wrong, "absent: No such file"), "no file");
}

static void test_key(void)
{
	write_file("key", KEY, 0644);
	ok(says(GOOD SPACE, "chmod 0600"), "a key that others may read");
	write_file("key", "0123\n", 0600);
	ok(says(GOOD SPACE, "64 hex digits"), "a short key");
	write_file("key", KEY "0", 0600);
	ok(says(GOOD SPACE, "64 hex digits"), "a long key");
	write_file("key", "x" KEY, 0600);
	ok(says(GOOD SPACE, "64 hex digits"), "no hex");
	unlink("key");
	ok(says(GOOD SPACE, "No such file"), "no key file");
	must(!mkdir("key", 0700));
	ok(says(GOOD SPACE, "regular file"), "a directory");
	rmdir("key");
}

static void test_members(void)
{
	static char text[100000];
	char *to = text + sprintf(text, GOOD);
	unsigned int i;

	for (i = 0; i < KVP_MAX_MEMBERS; i++)
		to += sprintf(to, "[member m%u]\naddress = 10.0.0.1\n", i);
	ok(reads(text) && config->nr_members == KVP_MAX_MEMBERS, "as many members as can be");
	sprintf(to, "[member more]\naddress = 10.0.0.1\n");
	ok(says(text, "more than"), "one more");
}

/* Members of the file are members whatever is announced. */
static void test_announced(void)
{
	static struct kvp_members known = {
		.nr = 4,
		.list = {
			{ "10.0.0.9:7471", "10.0.0.9", 7471 },
			{ "m1", "10.0.0.2", 7471 },		/* by name the file's */
			{ "x1", "10.0.0.1", 7471 },		/* and by address */
			{ "10.0.0.1:7472", "10.0.0.1", 7472 },
		},
	};

	ok(says(GOOD "[etcd]\npool = a\n", "[etcd] has no endpoints"), "half of [etcd]");
	ok(says(GOOD "[etcd]\nendpoints = http://e:2379\npool = a\nttl = 5\n", "kvtier-poold's"),
	   "what is a pool node's");
	must(reads(GOOD "[member m1]\naddress = 10.0.0.1\n[etcd]\nendpoints = http://e:2379\n"
		   "pool = a\n"));
	is(config->nr_members, 1, "one of the file");
	kvd_config_announce(config, &known);
	is(config->nr_members, 3, "and two that the file has not");
	ok(!strcmp(config->members[0].address, "10.0.0.1"), "its own stays");
	ok(!strcmp(config->members[1].name, "10.0.0.9:7471") &&
	   !strcmp(config->members[2].name, "10.0.0.1:7472") &&
	   config->members[2].port == 7472, "those that are added");
	known.nr = 0;
	kvd_config_announce(config, &known);
	is(config->nr_members, 1, "they go");
}

int main(void)
{
	char dir[] = "/tmp/kvtierd-config.XXXXXX";

	must(mkdtemp(dir) && !chdir(dir));
	write_file("key", KEY "\n", 0600);
	test_good();
	test_bad();
	test_members();
	test_announced();
	test_key();
	kvd_config_free(config);
	unlink("conf");
	rmdir(dir);
	return done();
}
