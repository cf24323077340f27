// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "kvtier_remote.h"

#define DEFAULT_DEPTH	32
#define DEFAULT_LOG	KVD_INFO
#define DEFAULT_STATUS	"/run/kvtierd/policy.json"

/**
 * struct reading - a file on its way
 * @config: what it has said so far
 * @wrong: of the first line that is no good; empty: none
 */
struct reading {
	struct kvd_config *config;
	char *wrong;
};

/**
 * struct field - a key of a section
 * @name: of the key
 * @offset: of its member in the section's struct
 * @room: bytes of it
 * @set: reads a value; returns NULL, or what is wrong with it
 */
struct field {
	const char *name;
	size_t offset;
	size_t room;
	const char *(*set)(void *to, size_t room, const char *value);
};

#define FIELD(kind, member, set) \
	{ #member, offsetof(struct kind, member), sizeof(((struct kind *)0)->member), set }

/* ------------------------------------------------------------------------ values */

static const char *set_text(void *to, size_t room, const char *value)
{
	char *text = to;
	size_t len = strlen(value);

	if (*text)
		return "is there twice";
	if (!len)
		return "has no value";
	if (len >= room)
		return "is too long";
	memcpy(text, value, len + 1);
	return NULL;
}

/* The kernel's rule for names of tiers and spaces. */
static bool is_name(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return text[0] >= 'a' && text[0] <= 'z' && strspn(text, good) == strlen(text);
}

static const char *set_name(void *to, size_t room, const char *value)
{
	if (!is_name(value))
		return "is no name: a letter, then a-z, 0-9, _ or -";
	return set_text(to, room, value);
}

static const char *set_host(void *to, size_t room, const char *value)
{
	size_t i;

	for (i = 0; value[i]; i++)
		if (!isgraph((unsigned char)value[i]))
			return "has a character that names of hosts have not";
	return set_text(to, room, value);
}

static const char *get_number(const char *value, unsigned long most, unsigned long *to)
{
	char *end;

	errno = 0;
	*to = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno)
		return "is not a whole number";
	if (!*to || *to > most)
		return "is out of range";
	return NULL;
}

static const char *set_number(void *to, const char *value, unsigned long most)
{
	unsigned int *number = to;
	const char *wrong;
	unsigned long got;

	if (*number)
		return "is there twice";
	wrong = get_number(value, most, &got);
	if (!wrong)
		*number = got;
	return wrong;
}

static const char *set_depth(void *to, size_t room, const char *value)
{
	(void)room;
	return set_number(to, value, KVT_REMOTE_MAX_DEPTH);
}

static const char *set_replicas(void *to, size_t room, const char *value)
{
	(void)room;
	return set_number(to, value, KVP_MAX_REPLICAS);
}

static const char *set_port(void *to, size_t room, const char *value)
{
	const char *wrong;
	unsigned long got;
	uint16_t *port = to;

	(void)room;
	wrong = get_number(value, UINT16_MAX, &got);
	if (!wrong)
		*port = got;
	return wrong;
}

static const char *set_log(void *to, size_t room, const char *value)
{
	(void)room;
	return kvd_log_parse(value, to) ? NULL : "is not error, warning, info or debug";
}

static const char *set_bool(void *to, size_t room, const char *value)
{
	bool yes = !strcmp(value, "yes");

	(void)room;
	if (!yes && strcmp(value, "no"))
		return "is not yes or no";
	*(bool *)to = yes;
	return NULL;
}

/* ---------------------------------------------------------------------- sections */

static const struct field general[] = {
	FIELD(kvd_config, tier, set_name),
	FIELD(kvd_config, host, set_host),
	FIELD(kvd_config, depth, set_depth),
	FIELD(kvd_config, log, set_log),
	{}
};

static const struct field policy_fields[] = {
	FIELD(kvd_config, dry_run, set_bool),
	FIELD(kvd_config, status_file, set_text),
	{}
};

static const struct field member_fields[] = {
	FIELD(kvd_member_config, address, set_text),
	FIELD(kvd_member_config, port, set_port),
	{}
};

static const struct field space_fields[] = {
	FIELD(kvd_space_config, pool_space, set_name),
	FIELD(kvd_space_config, key_file, set_text),
	FIELD(kvd_space_config, replicas, set_replicas),
	FIELD(kvd_space_config, hot_replicas, set_replicas),
	{}
};

__attribute__((format(printf, 2, 3)))
static void *complain(struct reading *r, const char *format, ...)
{
	va_list args;

	if (*r->wrong)
		return NULL;
	va_start(args, format);
	vsnprintf(r->wrong, KVD_WRONG, format, args);
	va_end(args);
	return NULL;
}

static void set_field(struct reading *r, const struct field *f, void *section,
		      const char *name, const char *value)
{
	const char *wrong;

	for (; f->name && strcmp(f->name, name); f++)
		;
	if (!f->name) {
		complain(r, "there is no key '%s' here", name);
		return;
	}
	wrong = f->set((char *)section + f->offset, f->room, value);
	if (wrong)
		complain(r, "%s '%s' %s", name, value, wrong);
}

static const char *judge_name(const char *name)
{
	if (!is_name(name) || strlen(name) >= KVT_NAME_SIZE)
		return "a name is 1 to 31 of a-z, 0-9, _ and -, and begins with a letter";
	return NULL;
}

static struct kvd_member_config *get_member(struct reading *r, const char *name)
{
	struct kvd_config *c = r->config;
	const char *wrong = judge_name(name);
	unsigned int i;

	for (i = 0; i < c->nr_members; i++)
		if (!strcmp(c->members[i].name, name))
			return &c->members[i];
	if (wrong)
		return complain(r, "member '%s': %s", name, wrong);
	if (i == KVP_MAX_MEMBERS)
		return complain(r, "more than %u members", KVP_MAX_MEMBERS);
	strcpy(c->members[i].name, name);
	c->members[i].port = KVP_PORT;
	c->nr_members++;
	return &c->members[i];
}

static struct kvd_space_config *get_space(struct reading *r, const char *name)
{
	struct kvd_config *c = r->config;
	const char *wrong = judge_name(name);
	unsigned int i;

	for (i = 0; i < c->nr_spaces; i++)
		if (!strcmp(c->spaces[i].name, name))
			return &c->spaces[i];
	if (wrong)
		return complain(r, "space '%s': %s", name, wrong);
	if (i == KVD_MAX_SPACES)
		return complain(r, "more than %u spaces", KVD_MAX_SPACES);
	strcpy(c->spaces[i].name, name);
	c->nr_spaces++;
	return &c->spaces[i];
}

static struct kvd_rule *get_rule(struct reading *r, const char *name)
{
	struct kvd_config *c = r->config;
	const char *wrong = judge_name(name);
	unsigned int i;

	for (i = 0; i < c->nr_rules; i++)
		if (!strcmp(c->rules[i].name, name))
			return &c->rules[i];
	if (wrong)
		return complain(r, "rule '%s': %s", name, wrong);
	if (i == KVD_MAX_RULES)
		return complain(r, "more than %u rules", KVD_MAX_RULES);
	kvd_rule_begin(&c->rules[i], name);
	c->nr_rules++;
	return &c->rules[i];
}

static void set_rule(struct reading *r, const char *of, const char *name,
		     const char *value)
{
	struct kvd_rule *rule = get_rule(r, of);
	const char *wrong = rule ? kvd_rule_set(rule, name, value) : NULL;

	if (wrong)
		complain(r, "rule '%s': %s '%s' %s", of, name, value, wrong);
}

/* The name behind "member ", "space " or "rule ", or NULL. */
static const char *name_behind(const char *section, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(section, word, len) || !isspace((unsigned char)section[len]))
		return NULL;
	section += len;
	return section + strspn(section, " \t");
}

static int take_line(void *user, const char *section, const char *name,
		     const char *value)
{
	const char *of_member = name_behind(section, "member");
	const char *of_space = name_behind(section, "space");
	const char *of_rule = name_behind(section, "rule");
	struct reading *r = user;
	void *to;

	if (!strcmp(section, "kvtierd")) {
		set_field(r, general, r->config, name, value);
	} else if (!strcmp(section, "policy")) {
		set_field(r, policy_fields, r->config, name, value);
	} else if (of_rule) {
		set_rule(r, of_rule, name, value);
	} else if (of_member) {
		to = get_member(r, of_member);
		if (to)
			set_field(r, member_fields, to, name, value);
	} else if (of_space) {
		to = get_space(r, of_space);
		if (to)
			set_field(r, space_fields, to, name, value);
	} else {
		complain(r, "[%s] is none of [kvtierd], [member NAME], [space NAME], [policy], [rule NAME]",
			 section);
	}
	return !*r->wrong;
}

/* ------------------------------------------------------------------- the whole of it */

static void set_defaults(struct kvd_config *c)
{
	char name[256] = "";

	if (!c->depth)
		c->depth = DEFAULT_DEPTH;
	if (!*c->status_file)
		strcpy(c->status_file, DEFAULT_STATUS);
	if (*c->host || gethostname(name, sizeof(name) - 1))
		return;
	memcpy(c->host, name, strnlen(name, KVT_HOST_SIZE - 1));
}

static void finish_space(struct reading *r, struct kvd_space_config *s)
{
	const char *wrong;

	if (!*s->pool_space)
		strcpy(s->pool_space, s->name);
	if (!s->replicas)
		s->replicas = 1;
	if (!s->hot_replicas)
		s->hot_replicas = s->replicas;
	if (s->hot_replicas < s->replicas)
		complain(r, "space '%s': hot_replicas is less than replicas", s->name);
	if (!*s->key_file) {
		complain(r, "space '%s' has no key_file", s->name);
		return;
	}
	wrong = kvp_secret_read(s->key_file, s->secret);
	if (wrong)
		complain(r, "space '%s': key_file %s: %s", s->name, s->key_file, wrong);
}

static void finish_rule(struct reading *r, struct kvd_rule *rule)
{
	const char *wrong = kvd_rule_check(rule);

	if (wrong)
		complain(r, "rule '%s' %s", rule->name, wrong);
}

static void finish(struct reading *r)
{
	struct kvd_config *c = r->config;
	unsigned int i;

	set_defaults(c);
	if (!*c->tier)
		complain(r, "[kvtierd] has no tier: the name of the remote tier to help");
	if (!*c->host)
		complain(r, "[kvtierd] has no host, and this host has no name");
	for (i = 0; i < c->nr_members; i++)
		if (!*c->members[i].address)
			complain(r, "member '%s' has no address", c->members[i].name);
	for (i = 0; i < c->nr_spaces; i++)
		finish_space(r, &c->spaces[i]);
	for (i = 0; i < c->nr_rules; i++)
		finish_rule(r, &c->rules[i]);
}

/* Of what inih says: a line, or that the file cannot be read. */
static void judge(struct reading *r, const char *path, int line)
{
	char what[KVD_WRONG];

	if (line < 0) {
		snprintf(r->wrong, KVD_WRONG, "%.200s: %s", path, strerror(errno));
		return;
	}
	if (!line)
		finish(r);
	if (!line && !*r->wrong)
		return;
	snprintf(what, sizeof(what), "%s", *r->wrong ? r->wrong : "is no 'key = value'");
	if (line)
		snprintf(r->wrong, KVD_WRONG, "%.200s:%d: %.280s", path, line, what);
	else
		snprintf(r->wrong, KVD_WRONG, "%.200s: %.280s", path, what);
}

struct kvd_config *kvd_config_read(const char *path, char wrong[KVD_WRONG])
{
	struct reading r = { .wrong = wrong };

	*wrong = '\0';
	r.config = calloc(1, sizeof(*r.config));
	if (!r.config) {
		snprintf(wrong, KVD_WRONG, "%s", strerror(ENOMEM));
		return NULL;
	}
	r.config->log = DEFAULT_LOG;
	judge(&r, path, ini_parse(path, take_line, &r));
	if (!*wrong)
		return r.config;
	kvd_config_free(r.config);
	return NULL;
}

void kvd_config_free(struct kvd_config *config)
{
	if (!config)
		return;
	explicit_bzero(config, sizeof(*config));
	free(config);
}

const struct kvd_space_config *kvd_config_space(const struct kvd_config *config,
						const char *name)
{
	unsigned int i;

	for (i = 0; i < config->nr_spaces; i++)
		if (!strcmp(config->spaces[i].name, name))
			return &config->spaces[i];
	return NULL;
}
