// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "paths.h"
#include "sysfs.h"

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int full_path(char *path, const char *format, va_list list)
{
	int len = snprintf(path, PATH_MAX, "%s/", PATH_CLASS);

	len += vsnprintf(path + len, PATH_MAX - len, format, list);
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int sysfs_list(const char *path, char ***names)
{
	struct dirent **entries;
	char full[PATH_MAX];
	int i, nr;

	snprintf(full, sizeof(full), "%s/%s", PATH_CLASS, path);
	nr = scandir(full, &entries, visible, alphasort);
	if (nr < 0)
		return -errno;
	*names = calloc(nr + 1, sizeof(**names));
	for (i = 0; i < nr; i++) {
		if (*names)
			(*names)[i] = strdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return *names ? nr : -ENOMEM;
}

void sysfs_free(char **names, int nr)
{
	while (nr > 0)
		free(names[--nr]);
	free(names);
}

static int read_attribute(const char *path, char *text)
{
	ssize_t len;
	int fd, error;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, SYSFS_TEXT - 1);
	error = errno;
	close(fd);
	if (len < 0)
		return -error;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = 0;
	return 0;
}

int sysfs_text(char *text, const char *format, ...)
{
	char path[PATH_MAX];
	va_list list;
	int ret;

	va_start(list, format);
	ret = full_path(path, format, list);
	va_end(list);
	return ret ? ret : read_attribute(path, text);
}

/* Returns 0 if all of @text is a number. */
static int parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno || end == text || *end ? -EINVAL : 0;
}

int sysfs_number(uint64_t *number, const char *format, ...)
{
	char path[PATH_MAX], text[SYSFS_TEXT];
	va_list list;
	int ret;

	va_start(list, format);
	ret = full_path(path, format, list);
	va_end(list);
	if (!ret)
		ret = read_attribute(path, text);
	return ret ? ret : parse_number(text, number);
}

int sysfs_write(const char *value, const char *format, ...)
{
	char path[PATH_MAX];
	va_list list;
	int fd, ret;

	va_start(list, format);
	ret = full_path(path, format, list);
	va_end(list);
	if (ret)
		return ret;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

void sysfs_add(json_object *to, const char *dir, const char *attribute)
{
	char text[SYSFS_TEXT];
	uint64_t number;

	if (sysfs_text(text, "%s/%s", dir, attribute))
		return;
	if (parse_number(text, &number))
		json_object_object_add(to, attribute, json_object_new_string(text));
	else
		json_object_object_add(to, attribute, json_object_new_int64(number));
}
