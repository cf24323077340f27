// SPDX-License-Identifier: GPL-2.0
/* The configuration file: what it says, and what is wrong with it. */
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "tap.h"

static char dir[] = "/tmp/kvtier-conf.XXXXXX";
static char path[64], key[64];
static char wrong[KVP_WRONG];

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	must(f && fputs(text, f) >= 0 && !fclose(f));
	must(!chmod(name, 0600));
}

/* KEY stands for the path of a good key file. */
static struct pn_config *read_config(const char *text)
{
	char all[4096] = "";
	const char *at;

	while ((at = strstr(text, "KEY"))) {
		strncat(all, text, at - text);
		strcat(all, key);
		text = at + 3;
	}
	strcat(all, text);
	write_file(path, all);
	return pn_config_read(path, wrong);
}

static void test_good(void)
{
	const struct pn_space_config *s;
	struct pn_config *c = read_config("# a comment\n"
		"[poold]\nlisten = 10.0.0.1\nport = 99\npatience = 7\ncredits = 8\n"
		"max_clients = 3\nlog = debug\n"
		"[space chat]\nspace = kvpool\nkey_file = KEY\nallow = 10.0.0.1, 10.1.0.0/16\n"
		"allow = 10.2.0.1 10.3.0.1\nmax_leases = 9\n"
		"[space  code]\nkey_file = KEY\nallow = any\n");

	ok(c, "a good one: %s", wrong);
	must(c);
	ok(!strcmp(c->listen, "10.0.0.1") && c->port == 99, "where");
	ok(c->patience == 7 && c->credits == 8 && c->max_clients == 3, "limits");
	is(c->log, KVP_DEBUG, "log");
	is(c->nr_spaces, 2, "spaces");
	s = pn_config_space(c, "chat");
	must(s);
	ok(!strcmp(s->space, "kvpool") && s->max_leases == 9, "of the first all is said");
	is(s->allow.nr, 4, "who may");
	is(s->key_file.secret[1], 0x11, "its key");
	s = pn_config_space(c, "code");
	must(s);
	ok(!strcmp(s->space, "code") && s->max_leases, "of the second not all");
	ok(!pn_config_space(c, "kvpool"), "others are not there");
	pn_config_free(c);
}

static void test_defaults(void)
{
	struct pn_config *c = read_config("[space chat]\nkey_file = KEY\nallow = any\n");

	must(c);
	ok(!*c->listen && c->port == KVP_PORT, "listens on all addresses");
	ok(c->patience && c->credits && c->max_clients && c->log == KVP_INFO, "limits");
	pn_config_free(c);
}

static void test_etcd(void)
{
	struct pn_config *c = read_config("[poold]\nlisten = 10.0.0.1\n"
		"[space chat]\nkey_file = KEY\nallow = any\n"
		"[etcd]\nendpoints = http://10.0.0.9:2379\npool = a\nname = n1\n");

	must(c);
	ok(c->etcd.endpoints.nr == 1 && !strcmp(c->etcd.prefix, "/kvtier/a/members/"), "etcd");
	ok(!strcmp(c->etcd.address, "10.0.0.1") && !strcmp(c->etcd.name, "n1"), "what it is told");
	pn_config_free(c);
	c = read_config("[space chat]\nkey_file = KEY\nallow = any\n");
	ok(c && !c->etcd.endpoints.nr, "no etcd");
	pn_config_free(c);
}

struct bad {
	const char *text;
	const char *said;
};

#define GOOD "[space chat]\nkey_file = KEY\nallow = any\n"

#define ETCD "[etcd]\nendpoints = http://10.0.0.9:2379\npool = a\n"

static const struct bad bads[] = {
	{ "", "no [space NAME]" },
	{ "[poold]\nport = 1\n", "no [space NAME]" },
	{ "[space chat]\nallow = any\n", "has no key_file" },
	{ "[space chat]\nkey_file = KEY\n", "has no allow" },
	{ "[space chat]\nkey_file = /nonexistent\nallow = any\n", "/nonexistent" },
	{ "[space Chat]\nkey_file = KEY\nallow = any\n", "'Chat' is no name" },
	{ "[space ]\nkey_file = KEY\nallow = any\n", "is no name" },
	{ "[space]\nkey_file = KEY\nallow = any\n", "is none of [poold], [etcd], [space NAME]" },
	{ "[spaces chat]\nkey_file = KEY\n", "is none of [poold], [etcd], [space NAME]" },
	{ "port = 3\n" GOOD, ":1: " },
	{ "[poold]\nports = 3\n" GOOD, "no key 'ports'" },
	{ GOOD "secret = 3\n", "no key 'secret'" },
	{ "[poold]\nport = 0\n" GOOD, "port: '0'" },
	{ "[poold]\nport = 65536\n" GOOD, "port: '65536'" },
	{ "[poold]\nport = x\n" GOOD, "port: 'x'" },
	{ "[poold]\nport = -1\n" GOOD, "port: '-1'" },
	{ "[poold]\nport =\n" GOOD, "port: ''" },
	{ "[poold]\nport = 1\nport = 2\n" GOOD, ":3: port: '2': is there twice" },
	{ "[poold]\npatience = 99999999999999999999\n" GOOD, "patience" },
	{ "[poold]\ncredits = 1025\n" GOOD, "credits" },
	{ "[poold]\nlog = loud\n" GOOD, "'loud'" },
	{ "[poold]\nlog loud\n" GOOD, ":2: is no 'key = value'" },
	{ GOOD "[etcd]\npool = a\n", "[etcd] has no endpoints" },
	{ GOOD ETCD, "[etcd] has no address" },
	{ "[poold]\nlisten = 10.0.0.1\n" GOOD ETCD "ttl = 1\n", ":9: ttl: '1'" },
	{ GOOD "space = 9x\n", "space: '9x'" },
	{ GOOD "allow = 10.0.0.0/40\n", "allow: '10.0.0.0/40'" },
	{ GOOD "allow = nohost.invalid/8\n", ":4: allow: 'nohost.invalid/8'" },
};

static void test_bad(void)
{
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct pn_config *c = read_config(bads[i].text);

		ok(!c && strstr(wrong, bads[i].said), "%s", c ? "passed" : wrong);
		pn_config_free(c);
	}
	ok(!pn_config_read("/nonexistent/file", wrong) &&
	   strstr(wrong, "/nonexistent/file: No such file"), "%s", wrong);
}

static void test_many(void)
{
	char text[8192] = "";
	unsigned int i;

	for (i = 0; i <= PN_MAX_SPACES; i++)
		sprintf(text + strlen(text), "[space s%u]\nallow = any\n", i);
	write_file(path, text);
	ok(!pn_config_read(path, wrong) && strstr(wrong, "more than"), "%s", wrong);
}

int main(void)
{
	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/conf", dir);
	snprintf(key, sizeof(key), "%s/key", dir);
	write_file(key, "1111111111111111111111111111111111111111111111111111111111111111\n");
	test_good();
	test_defaults();
	test_etcd();
	test_bad();
	test_many();
	unlink(path);
	unlink(key);
	rmdir(dir);
	return done();
}
