// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "say.h"
#include "trailer.h"

#define SYSFS_SPACES	"/sys/class/kvtier"

void *kvd_space_frame(struct kvd_space *s, uint64_t offset)
{
	void *p = kvt_ptr(s->handle, offset);
	int rc;

	if (!p || kvp_space_memory_has(&s->memory, p))
		return p;
	rc = kvp_space_memory_add(&s->memory, s->handle);	/* it has grown */
	if (rc)
		kvp_say_rdma("window cannot be registered", s->name, rc);
	return !rc && kvp_space_memory_has(&s->memory, p) ? p : NULL;
}

/* ----------------------------------------------------------------- opening, closing */

/* Of a section that is not there the space gets no view. */
static void look_at_pool(struct kvd *d, struct kvd_space *s)
{
	struct kvd_view_of of = {
		.rdma = d->rdma, .timers = &d->loop.timers, .config = d->config,
		.space = kvd_config_space(d->config, s->name),
		.identity = s->info.identity,
		.block_size = s->info.block_size +
			      kvt_trailer_bytes(s->info.block_size),
	};
	struct kvd_view *old = s->view;

	if (!of.space)
		kvp_log(KVP_WARN, "space is not in the configuration: nothing is done for it",
			"space=%s file=%s", s->name, kvp_quote(d->config_path));
	s->view = of.space ? kvd_view_create(&of, old) : NULL;
	kvd_view_put(old);
}

static void close_space(struct kvd *d, struct kvd_space *s)
{
	struct kvd_space **at;

	for (at = &d->spaces; *at && *at != s; at = &(*at)->next)
		;
	if (*at)
		*at = s->next;
	kvd_view_put(s->view);
	kvp_space_memory_remove(&s->memory);
	kvt_close(s->handle);
	kvp_log(KVP_INFO, "space closed", "space=%s", s->name);
	free(s);
}

/* It is tried again and again: the same is said once. */
static void tell_bad(struct kvd *d, const struct kvd_space *s, const char *why,
		     const char *advice)
{
	bool again = !strcmp(d->bad_space, s->name);

	strcpy(d->bad_space, s->name);
	kvp_log(again ? KVP_DEBUG : KVP_ERROR, "space cannot be used",
		"space=%s why=%s advice=%s", s->name, kvp_quote(why), kvp_quote(advice));
}

static int open_space(struct kvd *d, struct kvd_space *s)
{
	int rc = kvt_open(s->name, 0, NULL, &s->handle);

	if (rc) {
		tell_bad(d, s, kvt_strerror(KVT_CALL_OPEN, rc), "");
		return rc;
	}
	rc = kvt_info(s->handle, &s->info);
	if (!rc)
		rc = kvp_space_memory_add(&s->memory, s->handle);
	if (!rc) {
		*d->bad_space = '\0';
		return 0;
	}
	tell_bad(d, s, strerror(-rc), kvp_rdma_advice(rc));
	kvp_space_memory_remove(&s->memory);
	kvt_close(s->handle);
	return rc;
}

static struct kvd_space *add_space(struct kvd *d, const char *name)
{
	struct kvd_space *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->memory.rdma = d->rdma;
	if (open_space(d, s)) {
		free(s);
		return NULL;
	}
	look_at_pool(d, s);
	s->next = d->spaces;
	d->spaces = s;
	kvp_log(KVP_INFO, "space opened", "space=%s block_size=%u pieces=%u", s->name,
		s->info.block_size, s->memory.nr);
	return s;
}

static struct kvd_space *find_space(const struct kvd *d, const char *name)
{
	struct kvd_space *s;

	for (s = d->spaces; s && strcmp(s->name, name); s = s->next)
		;
	return s;
}

static void leave_space(struct kvd *d, struct kvd_space *s)
{
	s->is_leaving = true;
	if (!s->nr_requests)
		close_space(d, s);
}

struct kvd_space *kvd_space_get(struct kvd *d, const struct kvt_remote_desc *desc)
{
	char name[KVT_NAME_SIZE + 1] = "";
	struct kvd_space *s;

	memcpy(name, desc->space, KVT_NAME_SIZE);
	s = find_space(d, name);
	if (!s)
		s = add_space(d, name);
	if (!s || s->info.block_size != desc->block_size ||
	    memcmp(s->info.identity, desc->identity, sizeof(desc->identity)))
		return NULL;
	s->nr_requests++;
	return s;
}

void kvd_space_took(struct kvd_space *s, uint64_t ns)
{
	s->latency_ns = s->latency_ns ? s->latency_ns - s->latency_ns / 8 + ns / 8 : ns;
}

void kvd_space_put(struct kvd *d, struct kvd_space *s)
{
	if (!--s->nr_requests && s->is_leaving)
		close_space(d, s);
}

/* -------------------------------------------------------------------------- scanning */

/* Does the space's attribute "remote" name our tier? */
static bool uses_tier(const struct kvd *d, const char *name)
{
	char path[sizeof(SYSFS_SPACES) + 300], text[KVT_NAME_SIZE + 2];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), SYSFS_SPACES "/%s/remote", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, d->config->tier);
}

static void see_space(struct kvd *d, const char *name)
{
	struct kvd_space *s = find_space(d, name);

	if (!uses_tier(d, name))
		return;
	if (!s)
		s = add_space(d, name);
	if (!s)
		return;
	s->is_seen = true;
	s->is_leaving = false;
}

static void leave_unseen(struct kvd *d)
{
	struct kvd_space *s, *next;

	for (s = d->spaces; s; s = next) {
		next = s->next;
		if (!s->is_seen)
			leave_space(d, s);
	}
}

void kvd_spaces_scan(struct kvd *d)
{
	DIR *dir = opendir(SYSFS_SPACES);
	struct kvd_space *s;
	struct dirent *e;

	for (s = d->spaces; s; s = s->next)
		s->is_seen = false;
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			see_space(d, e->d_name);
	if (dir)
		closedir(dir);
	leave_unseen(d);
}

void kvd_spaces_reload(struct kvd *d)
{
	struct kvd_space *s;

	for (s = d->spaces; s; s = s->next)
		look_at_pool(d, s);
}

void kvd_spaces_close(struct kvd *d)
{
	while (d->spaces)
		close_space(d, d->spaces);
}
