// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "kvtier_remote.h"

static const char *set_host(const struct kvp_conf_key *key, void *to, const char *value)
{
	size_t i;

	for (i = 0; value[i]; i++)
		if (!isgraph((unsigned char)value[i]))
			return "has a character that names of hosts have not";
	return kvp_conf_text(key, to, value);
}

static const struct kvp_conf_key general_keys[] = {
	KVP_CONF_KEY(kvd_config, tier, kvp_conf_name),
	KVP_CONF_KEY(kvd_config, host, set_host, .otherwise = ""),
	KVP_CONF_KEY(kvd_config, depth, kvp_conf_number, .most = KVT_REMOTE_MAX_DEPTH,
		     .otherwise = "32"),
	KVP_CONF_KEY(kvd_config, log, kvp_conf_log, .otherwise = "info"),
	{}
};

static const struct kvp_conf_key member_keys[] = {
	KVP_CONF_KEY(kvd_member_config, address, kvp_conf_text),
	KVP_CONF_KEY(kvd_member_config, port, kvp_conf_number, .most = UINT16_MAX,
		     .otherwise = KVP_CONF_VALUE(KVP_PORT)),
	{}
};

static const struct kvp_conf_key space_keys[] = {
	KVP_CONF_KEY(kvd_space_config, pool_space, kvp_conf_name, .otherwise = ""),
	KVP_CONF_KEY(kvd_space_config, key_file, kvp_conf_key_file),
	KVP_CONF_KEY(kvd_space_config, replicas, kvp_conf_number, .most = KVP_MAX_REPLICAS,
		     .otherwise = "1"),
	KVP_CONF_KEY(kvd_space_config, hot_replicas, kvp_conf_count, .most = KVP_MAX_REPLICAS - 1,
		     .otherwise = ""),
	KVP_CONF_KEY(kvd_space_config, hot_uses, kvp_conf_number, .most = UINT16_MAX,
		     .otherwise = "16"),
	{}
};

static const struct kvp_conf_key policy_keys[] = {
	KVP_CONF_KEY(kvd_config, dry_run, kvp_conf_bool, .otherwise = ""),
	KVP_CONF_KEY(kvd_config, status_file, kvp_conf_text,
		     .otherwise = "/run/kvtierd/policy.json"),
	{}
};

static const char *set_rule(void *rule, const char *key, const char *value)
{
	return kvd_rule_set(rule, key, value);
}

static void begin_rule(void *rule)
{
	char name[KVP_NAME_SIZE];

	strcpy(name, rule);
	kvd_rule_begin(rule, name);
}

enum { GENERAL, ETCD, MEMBER, SPACE, POLICY, RULE };

static const struct kvp_conf_section sections[] = {
	[GENERAL] = { .name = "kvtierd", .keys = general_keys },
	[ETCD] = { .name = "etcd", .keys = kvp_etcd_keys,
		   .all = offsetof(struct kvd_config, etcd) },
	[MEMBER] = { .name = "member", .keys = member_keys,
		     KVP_CONF_SECTIONS(kvd_config, members) },
	[SPACE] = { .name = "space", .keys = space_keys,
		    KVP_CONF_SECTIONS(kvd_config, spaces) },
	[POLICY] = { .name = "policy", .keys = policy_keys },
	[RULE] = { .name = "rule", .set = set_rule, .begin = begin_rule,
		   KVP_CONF_SECTIONS(kvd_config, rules) },
	{}
};

static bool check_rules(struct kvd_config *c, char *wrong)
{
	unsigned int i;

	for (i = 0; i < c->nr_rules; i++) {
		const char *why = kvd_rule_check(&c->rules[i]);

		if (!why)
			continue;
		snprintf(wrong, KVP_WRONG, "rule '%s' %s", c->rules[i].name, why);
		return false;
	}
	return true;
}

static bool check_spaces(struct kvd_config *c, char *wrong)
{
	struct kvd_space_config *s;

	for (s = c->spaces; s < c->spaces + c->nr_spaces; s++) {
		if (!*s->pool_space)
			strcpy(s->pool_space, s->name);
		if (s->replicas + s->hot_replicas <= KVP_MAX_REPLICAS)
			continue;
		snprintf(wrong, KVP_WRONG,
			 "space '%s': replicas and hot_replicas together are more than %u",
			 s->name, KVP_MAX_REPLICAS);
		return false;
	}
	return true;
}

static bool finish(void *config, char *wrong)
{
	struct kvd_config *c = config;
	char name[256] = "";

	if (!*c->host && !gethostname(name, sizeof(name) - 1))
		memcpy(c->host, name, strnlen(name, KVT_HOST_SIZE - 1));
	if (!*c->host) {
		strcpy(wrong, "[kvtierd] has no host, and this host has no name");
		return false;
	}
	c->nr_in_file = c->nr_members;
	return kvp_etcd_check(&c->etcd, NULL, wrong) && check_spaces(c, wrong) &&
	       check_rules(c, wrong);
}

static const struct kvp_conf conf = {
	.sections = sections, .size = sizeof(struct kvd_config), .finish = finish,
};

struct kvd_config *kvd_config_read(const char *path, char wrong[KVP_WRONG])
{
	return kvp_conf_read(&conf, path, wrong);
}

void kvd_config_free(struct kvd_config *config)
{
	kvp_conf_free(&conf, config);
}

/* By name, or by address. */
static bool is_in_file(const struct kvd_config *c, const struct kvp_member *m)
{
	unsigned int i;

	for (i = 0; i < c->nr_in_file; i++)
		if (!strcmp(c->members[i].name, m->name) ||
		    (!strcmp(c->members[i].address, m->address) &&
		     c->members[i].port == m->port))
			return true;
	return false;
}

void kvd_config_announce(struct kvd_config *c, const struct kvp_members *known)
{
	const struct kvp_member *m;

	c->nr_members = c->nr_in_file;
	for (m = known->list; m < known->list + known->nr; m++) {
		struct kvd_member_config *to = &c->members[c->nr_members];

		if (c->nr_members == KVP_MAX_MEMBERS || is_in_file(c, m))
			continue;
		memset(to, 0, sizeof(*to));
		strcpy(to->name, m->name);
		strcpy(to->address, m->address);
		to->port = m->port;
		c->nr_members++;
	}
}

const struct kvd_space_config *kvd_config_space(const struct kvd_config *config,
						const char *name)
{
	return kvp_conf_find(&sections[SPACE], config, name);
}
