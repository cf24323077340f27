// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.h"
#include "private.h"

#define DEFAULT_TTL	10
#define LEAST_TTL	2	/* etcd has none below */
#define MOST_TTL	3600

static bool is_printed(const char *text)
{
	for (; *text > ' ' && *text <= '~'; text++)
		;
	return !*text;
}

/* Nothing but a host and a port: no user, no path. */
static bool is_endpoint(const char *text)
{
	static const char host[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
	const char *colon;

	if (!strncmp(text, "http://", 7))
		text += 7;
	else if (!strncmp(text, "https://", 8))
		text += 8;
	else
		return false;
	colon = strrchr(text, ':');
	return colon && colon > text && colon[1] && strspn(text, host) == strlen(text) &&
	       strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

static const char *add_endpoint(struct kvp_etcd_endpoints *to, const char *text)
{
	if (!is_endpoint(text))
		return "is not http://HOST:PORT or https://HOST:PORT, with commas in between";
	if (to->nr == KVP_ETCD_ENDPOINTS)
		return "are too many";
	if (strlen(text) >= sizeof(to->list[0]))
		return "is too long";
	strcpy(to->list[to->nr++], text);
	return NULL;
}

static const char *set_endpoints(const struct kvp_conf_key *key, void *to, const char *value)
{
	char *text = strdup(value), *rest = text, *one;
	const char *wrong = NULL;

	(void)key;
	while (!wrong && text && (one = strsep(&rest, ", \t")))
		if (*one)
			wrong = add_endpoint(to, one);
	free(text);
	return wrong;
}

/* It gets a last slash. */
static const char *set_prefix(const struct kvp_conf_key *key, void *to, const char *value)
{
	size_t len = strlen(value);

	if (*value != '/' || !is_printed(value))
		return "does not begin with a slash, or has a space or something odd in it";
	if (len + 1 >= key->room)
		return "is too long";
	snprintf(to, key->room, "%s%s", value, value[len - 1] == '/' ? "" : "/");
	return NULL;
}

static const char *set_ttl(const struct kvp_conf_key *key, void *to, const char *value)
{
	const char *wrong = kvp_conf_number(key, to, value);

	return !wrong && *(unsigned int *)to < LEAST_TTL ? "is less than 2" : wrong;
}

/* "USER:PASSWORD", and the end of the line. */
static const char *split_user(struct kvp_etcd_user *to, char *text, size_t len)
{
	char *colon;

	if (len && text[len - 1] == '\n')
		text[--len] = '\0';
	colon = strchr(text, ':');
	if (!colon || colon == text || !colon[1] || !is_printed(text) || strlen(text) != len)
		return "it is not one line USER:PASSWORD";
	*colon++ = '\0';
	if (strlen(text) >= sizeof(to->name) || strlen(colon) >= sizeof(to->password))
		return "its user or its password is too long";
	strcpy(to->name, text);
	strcpy(to->password, colon);
	return NULL;
}

static const char *read_user(const struct kvp_conf_key *key, void *to, const char *value)
{
	char text[KVP_ETCD_USER + KVP_ETCD_PASSWORD + 2];
	const char *wrong;
	size_t len;

	(void)key;
	wrong = kvp_private_read(value, text, sizeof(text), &len);
	if (!wrong)
		wrong = split_user(to, text, len);
	explicit_bzero(text, sizeof(text));
	return wrong;
}

/* What has to be stated is not known here: there may be no such section. */
#define KEY(member, setter, ...) \
	KVP_CONF_KEY(kvp_etcd_config, member, setter, .otherwise = "", ##__VA_ARGS__)

const struct kvp_conf_key kvp_etcd_keys[] = {
	KEY(endpoints, set_endpoints, .repeats = true),
	KEY(pool, kvp_conf_name),
	KEY(prefix, set_prefix),
	KEY(ca_file, kvp_conf_text),
	KEY(cert_file, kvp_conf_text),
	KEY(key_file, kvp_conf_text),
	KEY(user_file, read_user),
	KEY(ttl, set_ttl, .most = MOST_TTL),
	KEY(address, kvp_conf_text),
	KEY(name, kvp_conf_name),
	{}
};

static bool is_secure(const struct kvp_etcd_endpoints *endpoints)
{
	unsigned int i;

	for (i = 0; i < endpoints->nr; i++)
		if (strncmp(endpoints->list[i], "https:", 6))
			return false;
	return true;
}

static const char *check_node(struct kvp_etcd_config *c, const char *listen)
{
	if (!listen)
		return c->ttl || *c->address || *c->name ?
			"has ttl, address or name, which are kvtier-poold's" : NULL;
	if (!*c->address)
		snprintf(c->address, sizeof(c->address), "%s", listen);
	if (!*c->address)
		return "has no address, and [poold] no listen: where is this node found?";
	if (!c->ttl)
		c->ttl = DEFAULT_TTL;
	return NULL;
}

static const char *check(struct kvp_etcd_config *c, const char *listen)
{
	if (!c->endpoints.nr)
		return "has no endpoints";
	if (!*c->prefix && !*c->pool)
		return "has no pool, nor a prefix";
	if (!*c->prefix)
		snprintf(c->prefix, sizeof(c->prefix), "/kvtier/%s/members/", c->pool);
	if (!*c->cert_file != !*c->key_file)
		return "has only one of cert_file and key_file";
	if (*c->user_file.name && !is_secure(&c->endpoints))
		return "has a user_file: passwords go to https:// only";
	return check_node(c, listen);
}

bool kvp_etcd_check(struct kvp_etcd_config *c, const char *listen, char *wrong)
{
	static const struct kvp_etcd_config none;
	const char *why = memcmp(c, &none, sizeof(none)) ? check(c, listen) : NULL;

	if (why)
		snprintf(wrong, KVP_WRONG, "[etcd] %s", why);
	return !why;
}
