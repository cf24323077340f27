/* SPDX-License-Identifier: GPL-2.0 */
/* The module's attributes, see Documentation/ABI/testing/sysfs-class-kvtier. */
#ifndef CTL_SYSFS_H
#define CTL_SYSFS_H

#include <json-c/json.h>
#include <stdint.h>

#define SYSFS_TEXT	4096	/* bytes that an attribute needs as text */

#define SYSFS_TIERS	"kvtier_tier"
#define SYSFS_SPACES	"kvtier"

/**
 * sysfs_list() - names of the entries of a class, or of a directory below it
 * @path: relative to /sys/class
 * @names: out: malloc'ed, sorted; free with sysfs_free()
 *
 * Return: how many, or negative errno.
 */
int sysfs_list(const char *path, char ***names);

/** sysfs_free() - free what sysfs_list() gave */
void sysfs_free(char **names, int nr);

/**
 * sysfs_text() - read an attribute
 * @text: SYSFS_TEXT bytes; out: its content without the newline
 * @format: makes the path relative to /sys/class
 *
 * Return: 0 or negative errno.
 */
int sysfs_text(char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** sysfs_number() - read an attribute that is a number; 0 or negative errno */
int sysfs_number(uint64_t *number, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** sysfs_write() - write a value; 0 or negative errno */
int sysfs_write(const char *value, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * sysfs_add() - read an attribute to a JSON field of the same name
 * @to: gets an integer if the content is one, else a string, else (it is
 *	absent or unreadable) nothing
 * @dir: relative to /sys/class
 */
void sysfs_add(json_object *to, const char *dir, const char *attribute);

#endif /* CTL_SYSFS_H */
