// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "log.h"

#define NAME_RULE "a name is 1 to 31 of a-z, 0-9, _ and -, and begins with a letter"

/**
 * struct reading - a file on its way
 * @conf: what it may say
 * @config: what it has said so far
 * @wrong: of the first line that is no good; empty: none
 */
struct reading {
	const struct kvp_conf *conf;
	char *config;
	char *wrong;
};

__attribute__((format(printf, 2, 3)))
static void *complain(struct reading *r, const char *format, ...)
{
	va_list args;

	if (*r->wrong)
		return NULL;
	va_start(args, format);
	vsnprintf(r->wrong, KVP_WRONG, format, args);
	va_end(args);
	return NULL;
}

/* ------------------------------------------------------------------------ values */

const char *kvp_conf_text(const struct kvp_conf_key *key, void *to, const char *value)
{
	size_t len = strlen(value);

	if (!len)
		return "has no value";
	if (len >= key->room)
		return "is too long";
	memcpy(to, value, len + 1);
	return NULL;
}

/* The kernel's rule for names of tiers and spaces. */
static bool is_name(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return text[0] >= 'a' && text[0] <= 'z' && strlen(text) < KVP_NAME_SIZE &&
	       strspn(text, good) == strlen(text);
}

const char *kvp_conf_name(const struct kvp_conf_key *key, void *to, const char *value)
{
	return is_name(value) ? kvp_conf_text(key, to, value) : "is no name: " NAME_RULE;
}

static const char *set_number(const struct kvp_conf_key *key, void *to, const char *value,
			      unsigned int least)
{
	static char out_of_range[64];	/* one thread reads files */
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end)
		return "is not a whole number";
	if (errno || number < least || number > key->most) {
		snprintf(out_of_range, sizeof(out_of_range), "is out of range: %u to %u",
			 least, key->most);
		return out_of_range;
	}
	*(unsigned int *)to = number;
	return NULL;
}

const char *kvp_conf_number(const struct kvp_conf_key *key, void *to, const char *value)
{
	return set_number(key, to, value, 1);
}

const char *kvp_conf_count(const struct kvp_conf_key *key, void *to, const char *value)
{
	return set_number(key, to, value, 0);
}

const char *kvp_conf_bool(const struct kvp_conf_key *key, void *to, const char *value)
{
	bool yes = !strcmp(value, "yes");

	(void)key;
	if (!yes && strcmp(value, "no"))
		return "is not yes or no";
	*(bool *)to = yes;
	return NULL;
}

const char *kvp_conf_log(const struct kvp_conf_key *key, void *to, const char *value)
{
	(void)key;
	return kvp_log_parse(value, to) ? NULL : "is not error, warning, info or debug";
}

const char *kvp_conf_key_file(const struct kvp_conf_key *key, void *to, const char *value)
{
	struct kvp_key_file *file = to;
	const struct kvp_conf_key path = { .name = key->name, .room = sizeof(file->path) };
	const char *wrong = kvp_conf_text(&path, file->path, value);

	return wrong ? wrong : kvp_secret_read(value, file->secret);
}

/* ---------------------------------------------------------------------- sections */

static unsigned int nr_sections(const struct kvp_conf_section *s, const char *config)
{
	return s->max ? *(const unsigned int *)(config + s->nr) : 1;
}

static void *section_at(const struct kvp_conf_section *s, const char *config,
			unsigned int i)
{
	return (char *)config + s->all + i * s->size;
}

void *kvp_conf_find(const struct kvp_conf_section *s, const void *config,
		    const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_sections(s, config); i++)
		if (!strcmp(section_at(s, config, i), name))
			return section_at(s, config, i);
	return NULL;
}

/* The section, which may be new; or NULL. */
static void *get_section(struct reading *r, const struct kvp_conf_section *s,
			 const char *name)
{
	void *section = s->max ? kvp_conf_find(s, r->config, name) :
				 section_at(s, r->config, 0);
	unsigned int nr = nr_sections(s, r->config);

	if (section)
		return section;
	if (!is_name(name))
		return complain(r, "%s '%s' is no name: " NAME_RULE, s->name, name);
	if (nr == s->max)
		return complain(r, "more than %u sections [%s NAME]", nr, s->name);
	section = section_at(s, r->config, nr);
	strcpy(section, name);
	if (s->begin)
		s->begin(section);
	*(unsigned int *)(r->config + s->nr) = nr + 1;
	return section;
}

/* Is [@line] one of these? @name: out: behind its word. */
static bool is_section(const struct kvp_conf_section *s, const char *line, const char **name)
{
	size_t len = strlen(s->name);

	if (!s->max)
		return !strcmp(line, s->name);
	if (strncmp(line, s->name, len) || !isspace((unsigned char)line[len]))
		return false;
	*name = line + len + strspn(line + len, " \t");
	return true;
}

static void no_section(struct reading *r, const char *line)
{
	const struct kvp_conf_section *s;
	char all[KVP_WRONG / 2] = "";
	size_t len = 0;

	for (s = r->conf->sections; s->name; s++)
		len += snprintf(all + len, sizeof(all) - len, "%s[%s%s]", len ? ", " : "",
				s->name, s->max ? " NAME" : "");
	complain(r, "[%s] is none of %s", line, all);
}

/* -------------------------------------------------------------------------- keys */

static bool is_stated(const struct kvp_conf_key *key, const char *section)
{
	const char *member = section + key->offset;
	size_t i;

	for (i = 0; i < key->room; i++)
		if (member[i])
			return true;
	return false;
}

static const char *set_key(const struct kvp_conf_key *key, char *section, const char *value)
{
	if (!key->repeats && is_stated(key, section))
		return "is there twice";
	return key->set(key, section + key->offset, value);
}

static void take_key(struct reading *r, const struct kvp_conf_section *s, void *section,
		     const char *name, const char *value)
{
	const struct kvp_conf_key *key = s->keys;
	const char *wrong;

	while (key && key->name && strcmp(key->name, name))
		key++;
	if (key && !key->name) {
		complain(r, "there is no key '%s' here", name);
		return;
	}
	wrong = key ? set_key(key, section, value) : s->set(section, name, value);
	if (wrong)
		complain(r, "%s: '%s': %s", name, value, wrong);
}

static int take_line(void *user, const char *line, const char *key, const char *value)
{
	const struct kvp_conf_section *s;
	struct reading *r = user;
	const char *name = "";
	void *section;

	for (s = r->conf->sections; s->name && !is_section(s, line, &name); s++)
		;
	if (s->name) {
		section = get_section(r, s, name);
		if (section)
			take_key(r, s, section, key, value);
	} else {
		no_section(r, line);
	}
	return !*r->wrong;
}

/* ---------------------------------------------------------------- the whole of it */

/* What was not stated. */
static void finish_key(struct reading *r, const struct kvp_conf_section *s,
		       const struct kvp_conf_key *key, char *section)
{
	if (is_stated(key, section))
		return;
	if (!key->otherwise)
		complain(r, "[%s%s%s] has no %s", s->name, s->max ? " " : "",
			 s->max ? section : "", key->name);
	else if (*key->otherwise)
		key->set(key, section + key->offset, key->otherwise);
}

static void finish(struct reading *r)
{
	const struct kvp_conf_section *s;
	const struct kvp_conf_key *key;
	unsigned int i;

	for (s = r->conf->sections; s->name; s++)
		for (i = 0; i < nr_sections(s, r->config); i++)
			for (key = s->keys; key && key->name; key++)
				finish_key(r, s, key, section_at(s, r->config, i));
	if (!*r->wrong)
		r->conf->finish(r->config, r->wrong);
}

/* @line: what inih says: a line that is no good, or that the file cannot be read. */
static void judge(struct reading *r, const char *path, int line)
{
	char what[KVP_WRONG], where[16] = "";

	if (line < 0)
		complain(r, "%s", strerror(errno));
	else if (line)
		complain(r, "is no 'key = value'");
	else
		finish(r);
	if (!*r->wrong)
		return;
	strcpy(what, r->wrong);
	if (line > 0)
		snprintf(where, sizeof(where), ":%d", line);
	snprintf(r->wrong, KVP_WRONG, "%.200s%s: %.280s", path, where, what);
}

void *kvp_conf_read(const struct kvp_conf *conf, const char *path, char wrong[KVP_WRONG])
{
	struct reading r = { .conf = conf, .wrong = wrong };

	*wrong = '\0';
	r.config = calloc(1, conf->size);
	if (!r.config) {
		snprintf(wrong, KVP_WRONG, "%s", strerror(ENOMEM));
		return NULL;
	}
	judge(&r, path, ini_parse(path, take_line, &r));
	if (!*wrong)
		return r.config;
	kvp_conf_free(conf, r.config);
	return NULL;
}

void kvp_conf_free(const struct kvp_conf *conf, void *config)
{
	if (!config)
		return;
	explicit_bzero(config, conf->size);
	free(config);
}
