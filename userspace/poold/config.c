// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* Several of them, with commas or spaces in between. */
static const char *set_allow(const struct kvp_conf_key *key, void *to, const char *value)
{
	static char why[KVP_WRONG];
	char *text = strdup(value), *rest = text, *host;
	const char *wrong = NULL;

	(void)key;
	while (!wrong && text && (host = strsep(&rest, ", \t"))) {
		wrong = *host ? pn_access_add(to, host) : NULL;
		if (wrong)
			snprintf(why, sizeof(why), "%s: %s", host, wrong);
	}
	free(text);
	return wrong ? why : NULL;
}

static const struct kvp_conf_key general_keys[] = {
	KVP_CONF_KEY(pn_config, listen, kvp_conf_text, .otherwise = ""),
	KVP_CONF_KEY(pn_config, port, kvp_conf_number, .most = UINT16_MAX,
		     .otherwise = KVP_CONF_VALUE(KVP_PORT)),
	KVP_CONF_KEY(pn_config, log, kvp_conf_log, .otherwise = "info"),
	KVP_CONF_KEY(pn_config, patience, kvp_conf_number, .most = 3600, .otherwise = "30"),
	KVP_CONF_KEY(pn_config, credits, kvp_conf_number, .most = KVP_MAX_CREDITS,
		     .otherwise = "32"),
	KVP_CONF_KEY(pn_config, max_clients, kvp_conf_number, .most = 65536,
		     .otherwise = "256"),
	{}
};

static const struct kvp_conf_key space_keys[] = {
	KVP_CONF_KEY(pn_space_config, space, kvp_conf_name, .otherwise = ""),
	KVP_CONF_KEY(pn_space_config, key_file, kvp_conf_key_file),
	KVP_CONF_KEY(pn_space_config, max_leases, kvp_conf_number, .most = 65535,
		     .otherwise = "512"),
	KVP_CONF_KEY(pn_space_config, allow, set_allow, .repeats = true),
	{}
};

enum { GENERAL, ETCD, SPACE };

static const struct kvp_conf_section sections[] = {
	[GENERAL] = { .name = "poold", .keys = general_keys },
	[ETCD] = { .name = "etcd", .keys = kvp_etcd_keys,
		   .all = offsetof(struct pn_config, etcd) },
	[SPACE] = { .name = "space", .keys = space_keys,
		    KVP_CONF_SECTIONS(pn_config, spaces) },
	{}
};

static bool finish(void *config, char *wrong)
{
	struct pn_config *c = config;
	unsigned int i;

	for (i = 0; i < c->nr_spaces; i++)
		if (!*c->spaces[i].space)
			strcpy(c->spaces[i].space, c->spaces[i].name);
	if (!c->nr_spaces)
		strcpy(wrong, "there is no [space NAME]: nothing to serve");
	return c->nr_spaces && kvp_etcd_check(&c->etcd, c->listen, wrong);
}

static const struct kvp_conf conf = {
	.sections = sections, .size = sizeof(struct pn_config), .finish = finish,
};

struct pn_config *pn_config_read(const char *path, char wrong[KVP_WRONG])
{
	return kvp_conf_read(&conf, path, wrong);
}

void pn_config_free(struct pn_config *config)
{
	kvp_conf_free(&conf, config);
}

const struct pn_space_config *pn_config_space(const struct pn_config *config,
					      const char *name)
{
	return kvp_conf_find(&sections[SPACE], config, name);
}
