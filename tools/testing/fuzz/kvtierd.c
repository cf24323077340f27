// SPDX-License-Identifier: GPL-2.0
/* The configuration of kvtierd: what is taken is whole, and texts end. */
#include "../../../userspace/kvtierd/config.h"
#include "kvtier_remote.h"
#include "fuzz.h"
#include "ini_file.h"

static void check_name(const char *name)
{
	must(name[0] >= 'a' && name[0] <= 'z' && memchr(name, 0, KVT_NAME_SIZE));
}

static void check_space(const struct kvd_space_config *s)
{
	check_name(s->name);
	check_name(s->pool_space);
	must(memchr(s->key_file.path, 0, KVP_PATH) && s->key_file.path[0] == '/');
	must(s->replicas && s->hot_uses);
	must(s->replicas + s->hot_replicas <= KVP_MAX_REPLICAS);
}

static void check_config(const struct kvd_config *c)
{
	unsigned int i;

	check_name(c->tier);
	must(c->host[0] && c->depth && c->depth <= KVT_REMOTE_MAX_DEPTH);
	must(c->nr_members <= KVP_MAX_MEMBERS && c->nr_spaces <= KVD_MAX_SPACES);
	for (i = 0; i < c->nr_members; i++) {
		check_name(c->members[i].name);
		must(c->members[i].address[0] && c->members[i].port);
		must(memchr(c->members[i].address, 0, KVP_PATH));
	}
	for (i = 0; i < c->nr_spaces; i++) {
		check_space(&c->spaces[i]);
		must(kvd_config_space(c, c->spaces[i].name) == &c->spaces[i]);
	}
}

static void check_announced(struct kvd_config *c)
{
	static const struct kvp_members known = {
		.nr = 2, .list = { { "10.0.0.1:1", "10.0.0.1", 1 }, { "m1", "10.0.0.2", 1 } },
	};
	unsigned int nr = c->nr_members;

	must(c->nr_in_file == nr);
	if (c->etcd.endpoints.nr)
		must(c->etcd.prefix[0] == '/' && memchr(c->etcd.prefix, 0, KVP_ETCD_PREFIX));
	kvd_config_announce(c, &known);
	must(c->nr_members >= nr && c->nr_members <= nr + 2 && c->nr_members <= KVP_MAX_MEMBERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *wrong = malloc(KVP_WRONG);
	struct kvd_config *c;

	must(wrong);
	c = kvd_config_read(ini_file(data, size), wrong);
	if (c) {
		check_config(c);
		check_announced(c);
	} else {
		must(*wrong && memchr(wrong, 0, KVP_WRONG));
	}
	kvd_config_free(c);
	free(wrong);
	return 0;
}

void fuzz_seeds(seed_fn seed)
{
	static const char text[] =
		"[kvtierd]\ntier = pool\nhost = h1\ndepth = 16\nlog = debug\n"
		"[member m1]\naddress = 10.0.0.1\nport = 7000\n"
		"[member m2]\naddress = pool2\n"
		"[space chat]\nkey_file = /etc/key\nreplicas = 2\n"
		"hot_replicas = 1\nhot_uses = 8\n"
		"pool_space = chat-13b\n";
	static const char etcd[] =
		"[kvtierd]\ntier = pool\nhost = h1\n"
		"[etcd]\nendpoints = https://10.0.0.1:2379, https://[::1]:2379\npool = a\n"
		"prefix = /a/b\nca_file = /a\ncert_file = /b\nkey_file = /c\nuser_file = /d\n";

	seed("all", text, strlen(text));
	seed("etcd", etcd, strlen(etcd));
	seed("least", text, 22);
}
