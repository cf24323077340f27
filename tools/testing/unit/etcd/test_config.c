// SPDX-License-Identifier: GPL-2.0
/* The section [etcd]: what it says, and what is wrong with it. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etcd.h"
#include "tap.h"

static char file[] = "/tmp/kvtier-etcd.XXXXXX", user_file[] = "/tmp/kvtier-user.XXXXXX";
static char wrong[KVP_WRONG];
static const char *listen_at;	/* of a pool node; NULL: kvtierd reads it */

static bool finish(void *config, char *why)
{
	return kvp_etcd_check(config, listen_at, why);
}

static const struct kvp_conf_section sections[] = {
	{ .name = "etcd", .keys = kvp_etcd_keys },
	{}
};

static const struct kvp_conf conf = {
	.sections = sections, .size = sizeof(struct kvp_etcd_config), .finish = finish,
};

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	must(f && fputs(text, f) >= 0 && !fclose(f) && !chmod(path, mode));
}

/* NULL: it is wrong. */
static struct kvp_etcd_config *read_config(const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text), "[etcd]\n%s", lines);
	write_file(file, text, 0600);
	return kvp_conf_read(&conf, file, wrong);
}

static bool is_good(const char *lines)
{
	struct kvp_etcd_config *c = read_config(lines);

	kvp_conf_free(&conf, c);
	return c;
}

static void test_none(void)
{
	struct kvp_etcd_config *c = read_config("");

	ok(c && !c->endpoints.nr, "no section is good");
	kvp_conf_free(&conf, c);
}

static void test_least(void)
{
	static const char lines[] =
		"endpoints = http://10.0.0.1:2379, http://[::1]:2379,http://etcd.lan:80\npool = chat\n";
	struct kvp_etcd_config *c = read_config(lines);

	ok(c, "endpoints and a pool are enough for kvtierd");
	must(c);
	is(c->endpoints.nr, 3, "three");
	ok(!strcmp(c->endpoints.list[1], "http://[::1]:2379"), "the second of them");
	ok(!strcmp(c->prefix, "/kvtier/chat/members/"), "the prefix");
	kvp_conf_free(&conf, c);
	listen_at = "10.0.0.9";
	c = read_config(lines);
	ok(c && !strcmp(c->address, "10.0.0.9") && c->ttl == 10, "and for a pool node");
	kvp_conf_free(&conf, c);
	listen_at = "";
	ok(!is_good(lines), "but not if nobody knows where that is: %s", wrong);
	listen_at = NULL;
}

static void test_most(void)
{
	static const char lines[] =
		"endpoints = https://e:1\nprefix = /a/b\nttl = 2\naddress = fd00::1\nname = n1\n"
		"ca_file = /ca\ncert_file = /c\nkey_file = /k\n";
	struct kvp_etcd_config *c;

	listen_at = "";
	c = read_config(lines);
	ok(c, "all that a node may have");
	must(c);
	ok(!strcmp(c->prefix, "/a/b/"), "a slash behind the prefix");
	ok(!strcmp(c->address, "fd00::1") && c->ttl == 2 && !strcmp(c->name, "n1"), "the node's");
	kvp_conf_free(&conf, c);
	listen_at = NULL;
	ok(!is_good(lines), "is not for kvtierd: %s", wrong);
}

/* Each in a section that is good without it. */
static void test_bad_lines(void)
{
	static const char *const bad[] = {
		"endpoints = 10.0.0.1:2379", "endpoints = ftp://10.0.0.1:2379",
		"endpoints = http://10.0.0.1", "endpoints = http://10.0.0.1:",
		"endpoints = http://:2379", "endpoints = http://u:p@h:2379",
		"endpoints = http://h:2379/v3", "endpoints = http://h?:2379",
		"endpoints = http://h:1,http://h:1,http://h:1,http://h:1,http://h:1,http://h:1,http://h:1,http://h:1",
		"pool = b", "prefix = a", "prefix =", "prefix = /a b", "prefix = /\x7f", "ttl = 1",
		"ttl = 3601", "ttl = x", "ttl =", "ttl = -5", "ttl = 10s",
		"ttl = 99999999999999999999", "name = 10.0.0.1", "name = Node", "address =",
		"ca_file =", "password = x", "cert_file = /c", "key_file = /k",
	};
	char lines[512];
	size_t i;

	listen_at = "10.0.0.1";
	ok(is_good("endpoints = http://h:1\npool = a\n"), "without any of these it is good");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(lines, sizeof(lines), "endpoints = http://h:1\npool = a\n%s\n", bad[i]);
		ok(!is_good(lines), "wrong: %.40s", bad[i]);
	}
	listen_at = NULL;
	ok(!is_good("pool = a\n"), "no endpoints");
	ok(!is_good("endpoints = http://h:1\n"), "no pool");
}

static void test_prefix(void)
{
	char lines[512] = "endpoints = http://h:1\nprefix = /";
	size_t len = strlen(lines);

	memset(lines + len, 'a', KVP_ETCD_PREFIX - 3);
	ok(is_good(lines), "the longest prefix");
	memset(lines + len, 'a', KVP_ETCD_PREFIX - 2);
	ok(!is_good(lines), "a longer one");
}

static struct kvp_etcd_config *read_user(const char *text, mode_t mode, const char *endpoint)
{
	char lines[256];

	write_file(user_file, text, mode);
	snprintf(lines, sizeof(lines), "endpoints = %s\npool = a\nuser_file = %s\n", endpoint,
		 user_file);
	return read_config(lines);
}

static bool good_user(const char *text, mode_t mode, const char *endpoint)
{
	struct kvp_etcd_config *c = read_user(text, mode, endpoint);

	kvp_conf_free(&conf, c);
	return c;
}

static void test_user(void)
{
	struct kvp_etcd_config *c = read_user("kv:p:w\n", 0600, "https://h:1");
	char text[512] = "u:";

	ok(c, "a user");
	must(c);
	ok(!strcmp(c->user_file.name, "kv") && !strcmp(c->user_file.password, "p:w"),
	   "and its password");
	kvp_conf_free(&conf, c);
	ok(!good_user("kv:pw\n", 0640, "https://h:1"), "which others may read");
	ok(!good_user("kv:pw\n", 0600, "https://h:1,http://h:2"), "which would be sent as it is");
	ok(!good_user("kv\n", 0600, "https://h:1"), "no password");
	ok(!good_user(":pw\n", 0600, "https://h:1"), "no user");
	ok(!good_user("kv:\n", 0600, "https://h:1"), "an empty password");
	ok(!good_user("kv:pw\nkv:pw\n", 0600, "https://h:1"), "two lines");
	ok(!good_user("", 0600, "https://h:1"), "nothing");
	memset(text + 2, 'x', 400);
	ok(!good_user(text, 0600, "https://h:1"), "a long one");
	unlink(user_file);
	ok(!is_good("endpoints = https://h:1\npool = a\nuser_file = /nowhere\n"), "no file");
}

int main(void)
{
	int fd = mkstemp(file), user_fd = mkstemp(user_file);

	must(fd >= 0 && !close(fd) && user_fd >= 0 && !close(user_fd));
	test_none();
	test_least();
	test_most();
	test_bad_lines();
	test_prefix();
	test_user();
	unlink(file);
	return done();
}
