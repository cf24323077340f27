// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"

static int is_counter(const struct dirent *d)
{
	return d->d_name[0] != '.' && strlen(d->d_name) < COUNTER_NAME;
}

static int read_value(int dir, const char *name, uint64_t *value)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char text[32], *end;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	*value = strtoull(text, &end, 10);
	return end == text ? -EINVAL : 0;
}

static void take_all(struct counters *c, int dir, struct dirent **entries,
		     int nr)
{
	int i;

	for (i = 0; i < nr && c->nr < MAX_COUNTERS; i++) {
		const char *name = entries[i]->d_name;

		if (read_value(dir, name, &c->value[c->nr]))
			continue;
		memcpy(c->name[c->nr++], name, strlen(name) + 1);
	}
}

int counters_read(struct counters *c, const char *dir)
{
	struct dirent **entries;
	int fd, i, nr;

	c->nr = 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	nr = scandirat(fd, ".", &entries, is_counter, alphasort);
	if (nr >= 0) {
		take_all(c, fd, entries, nr);
		for (i = 0; i < nr; i++)
			free(entries[i]);
		free(entries);
	}
	close(fd);
	return nr < 0 ? -EIO : 0;
}

uint64_t counters_get(const struct counters *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (!strcmp(c->name[i], name))
			return c->value[i];
	return 0;
}

void counters_since(struct counters *now, const struct counters *before)
{
	size_t i;

	for (i = 0; i < now->nr; i++)
		now->value[i] -= counters_get(before, now->name[i]);
}
