/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_COUNTERS_H
#define REPLAY_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#define MAX_COUNTERS	64
#define COUNTER_NAME	32

/**
 * struct counters - what the files of a sysfs directory say
 * @nr: how many; 0 if they could not be read
 * @name: of each, in alphabetic order
 * @value: of each
 */
struct counters {
	size_t nr;
	char name[MAX_COUNTERS][COUNTER_NAME];
	uint64_t value[MAX_COUNTERS];
};

/**
 * counters_read - read all files of a directory that hold a number
 * @c: receives them
 * @dir: the directory, such as /sys/class/kvtier/<space>/stats
 *
 * Return: 0, or negative errno with @c->nr zero.
 */
int counters_read(struct counters *c, const char *dir);

/** counters_since - make @now the change since @before */
void counters_since(struct counters *now, const struct counters *before);

/** counters_get - the value of @name, or 0 */
uint64_t counters_get(const struct counters *c, const char *name);

#endif /* REPLAY_COUNTERS_H */
