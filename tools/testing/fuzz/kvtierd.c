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
	must(memchr(s->key_file, 0, KVD_PATH) && s->key_file[0] == '/');
	must(s->replicas && s->replicas <= s->hot_replicas);
	must(s->hot_replicas <= KVP_MAX_REPLICAS);
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
		must(memchr(c->members[i].address, 0, KVD_PATH));
	}
	for (i = 0; i < c->nr_spaces; i++) {
		check_space(&c->spaces[i]);
		must(kvd_config_space(c, c->spaces[i].name) == &c->spaces[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *wrong = malloc(KVD_WRONG);
	struct kvd_config *c;

	must(wrong);
	c = kvd_config_read(ini_file(data, size), wrong);
	if (c)
		check_config(c);
	else
		must(*wrong && memchr(wrong, 0, KVD_WRONG));
	free(c);
	free(wrong);
	return 0;
}

void fuzz_seeds(seed_fn seed)
{
	static const char text[] =
		"[kvtierd]\ntier = pool\nhost = h1\ndepth = 16\nlog = debug\n"
		"[member m1]\naddress = 10.0.0.1\nport = 7000\n"
		"[member m2]\naddress = pool2\n"
		"[space chat]\nkey_file = /etc/key\nreplicas = 2\nhot_replicas = 3\n"
		"pool_space = chat-13b\n";

	seed("all", text, strlen(text));
	seed("least", text, 22);
}
