// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define DEFAULT_PATIENCE	30
#define DEFAULT_CREDITS		32
#define DEFAULT_CLIENTS		256
#define DEFAULT_LEASES		512

/**
 * struct reading - a file on its way
 * @config: what it has said so far
 * @wrong: of the first line that is no good; empty: none
 */
struct reading {
	struct pn_config *config;
	char *wrong;
};

__attribute__((format(printf, 2, 3)))
static void complain(struct reading *r, const char *format, ...)
{
	va_list args;

	if (*r->wrong)
		return;
	va_start(args, format);
	vsnprintf(r->wrong, PN_WRONG, format, args);
	va_end(args);
}

/* ----------------------------------------------------------------------- values */

static void set_text(struct reading *r, const char *key, const char *value,
		     char *to, size_t room)
{
	if (!*value || strlen(value) >= room)
		complain(r, "%s: '%s' is empty or too long", key, value);
	else
		strcpy(to, value);
}

static void set_number(struct reading *r, const char *key, const char *value,
		       unsigned int least, unsigned int most, unsigned int *to)
{
	char *end;
	unsigned long nr = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || nr < least || nr > most)
		complain(r, "%s: '%s' is no number from %u to %u", key, value, least,
			 most);
	else
		*to = nr;
}

/* A letter, then letters, digits, _ and -: as the kernel wants it. */
static bool is_name(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *text >= 'a' && *text <= 'z' && strlen(text) < KVT_NAME_SIZE &&
	       strspn(text, good) == strlen(text);
}

static void set_name(struct reading *r, const char *key, const char *value,
		     char *to)
{
	if (is_name(value))
		strcpy(to, value);
	else
		complain(r, "%s: '%s' is no name: 1 to 31 of a-z, 0-9, _ and -, first a letter",
			 key, value);
}

/* Several of them, with commas or spaces in between. */
static void set_allow(struct reading *r, const char *value,
		      struct pn_access *access)
{
	char *text = strdup(value), *rest = text, *host;
	const char *wrong;

	while (text && (host = strsep(&rest, ", \t"))) {
		wrong = *host ? pn_access_add(access, host) : NULL;
		if (wrong)
			complain(r, "allow: '%s': %s", host, wrong);
	}
	free(text);
}

/* --------------------------------------------------------------------- sections */

static void general_line(struct reading *r, const char *key, const char *value)
{
	struct pn_config *c = r->config;

	if (!strcmp(key, "listen"))
		set_text(r, key, value, c->listen, sizeof(c->listen));
	else if (!strcmp(key, "port"))
		set_number(r, key, value, 1, UINT16_MAX, &c->port);
	else if (!strcmp(key, "patience"))
		set_number(r, key, value, 1, 3600, &c->patience);
	else if (!strcmp(key, "credits"))
		set_number(r, key, value, 1, KVP_MAX_CREDITS, &c->credits);
	else if (!strcmp(key, "max_clients"))
		set_number(r, key, value, 1, 65536, &c->max_clients);
	else if (strcmp(key, "log"))
		complain(r, "[poold] has no key '%s'", key);
	else if (!kvd_log_parse(value, &c->log))
		complain(r, "log: '%s' is not error, warning, info or debug", value);
}

static void space_line(struct reading *r, struct pn_space_config *s,
		       const char *key, const char *value)
{
	if (!strcmp(key, "space"))
		set_name(r, key, value, s->local);
	else if (!strcmp(key, "key_file"))
		set_text(r, key, value, s->key_file, sizeof(s->key_file));
	else if (!strcmp(key, "allow"))
		set_allow(r, value, &s->access);
	else if (!strcmp(key, "max_leases"))
		set_number(r, key, value, 1, 65535, &s->max_leases);
	else
		complain(r, "[space ...] has no key '%s'", key);
}

const struct pn_space_config *pn_config_space(const struct pn_config *config,
					      const char *name)
{
	unsigned int i;

	for (i = 0; i < config->nr_spaces; i++)
		if (!strcmp(config->spaces[i].name, name))
			return &config->spaces[i];
	return NULL;
}

/* The section, which may be new. */
static struct pn_space_config *get_space(struct reading *r, const char *name)
{
	struct pn_config *c = r->config;
	struct pn_space_config *s = &c->spaces[c->nr_spaces];

	if (pn_config_space(c, name))
		return (struct pn_space_config *)pn_config_space(c, name);
	if (c->nr_spaces == PN_MAX_SPACES) {
		complain(r, "more than %u spaces", PN_MAX_SPACES);
		return NULL;
	}
	set_name(r, "[space ...]", name, s->name);
	s->max_leases = DEFAULT_LEASES;
	c->nr_spaces++;
	return s;
}

static int take_line(void *user, const char *section, const char *key,
		     const char *value)
{
	struct reading *r = user;
	struct pn_space_config *s;

	if (!strcmp(section, "poold")) {
		general_line(r, key, value);
	} else if (!strncmp(section, "space ", 6)) {
		s = get_space(r, section + 6 + strspn(section + 6, " \t"));
		if (s)
			space_line(r, s, key, value);
	} else {
		complain(r, "[%s] is neither [poold] nor [space NAME]", section);
	}
	return !*r->wrong;
}

/* ------------------------------------------------------------------ all of it */

static void finish_space(struct reading *r, struct pn_space_config *s)
{
	const char *wrong;

	if (!*s->local)
		strcpy(s->local, s->name);
	if (!s->access.nr)
		complain(r, "space '%s' has no 'allow': addresses of clients, or any",
			 s->name);
	if (!*s->key_file) {
		complain(r, "space '%s' has no 'key_file'", s->name);
		return;
	}
	wrong = kvp_secret_read(s->key_file, s->secret);
	if (wrong)
		complain(r, "space '%s': %s: %s", s->name, s->key_file, wrong);
}

static void judge(struct reading *r, const char *path, int line)
{
	char what[PN_WRONG];
	unsigned int i;

	for (i = 0; i < r->config->nr_spaces && !line; i++)
		finish_space(r, &r->config->spaces[i]);
	if (!line && !r->config->nr_spaces)
		complain(r, "there is no [space NAME]: nothing to serve");
	if (line < 0)
		complain(r, "%s", strerror(errno));
	if (line > 0)
		complain(r, "is no 'key = value'");
	if (!*r->wrong)
		return;
	snprintf(what, sizeof(what), "%s", r->wrong);
	if (line > 0)
		snprintf(r->wrong, PN_WRONG, "%.200s:%d: %.280s", path, line, what);
	else
		snprintf(r->wrong, PN_WRONG, "%.200s: %.280s", path, what);
}

struct pn_config *pn_config_read(const char *path, char wrong[PN_WRONG])
{
	struct pn_config *c = calloc(1, sizeof(*c));
	struct reading r = { .config = c, .wrong = wrong };

	*wrong = '\0';
	if (!c) {
		snprintf(wrong, PN_WRONG, "%s", strerror(ENOMEM));
		return NULL;
	}
	c->port = KVP_PORT;
	c->log = KVD_INFO;
	c->patience = DEFAULT_PATIENCE;
	c->credits = DEFAULT_CREDITS;
	c->max_clients = DEFAULT_CLIENTS;
	judge(&r, path, ini_parse(path, take_line, &r));
	if (!*wrong)
		return c;
	pn_config_free(c);
	return NULL;
}

void pn_config_free(struct pn_config *config)
{
	if (!config)
		return;
	explicit_bzero(config, sizeof(*config));
	free(config);
}
