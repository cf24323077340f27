/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration files: sections in brackets, and lines of "key = value" that tables of the
 * daemon describe. What is not in the tables is an error, and so is a key that is there
 * twice. Needs libinih.
 */
#ifndef KVP_CONF_H
#define KVP_CONF_H

#include <stddef.h>

#include "proof.h"

#define KVP_PATH	256	/* bytes, NUL included */
#define KVP_WRONG	512	/* bytes of what is wrong with a file */

/**
 * struct kvp_conf_key - a key of a section
 * @name: its name
 * @offset: of its member in the section's struct; all zero there: it was not stated
 * @room: bytes of the member
 * @set: reads a value into @to; returns NULL, or what is wrong with it
 * @otherwise: a value for who does not state it; "": none; NULL: it has to be stated
 * @most: of a number
 * @repeats: it may be stated again, which adds to it
 */
struct kvp_conf_key {
	const char *name;
	size_t offset;
	size_t room;
	const char *(*set)(const struct kvp_conf_key *key, void *to, const char *value);
	const char *otherwise;
	unsigned int most;
	bool repeats;
};

#define KVP_CONF_KEY(kind, member, setter, ...) {				\
	.name = #member, .offset = offsetof(struct kind, member),		\
	.room = sizeof(((struct kind *)0)->member), .set = (setter), __VA_ARGS__ }

/* A number that has a name, for @otherwise. */
#define KVP_CONF_VALUE(number)		KVP_CONF_VALUE_(number)
#define KVP_CONF_VALUE_(number)		#number

/**
 * struct kvp_conf_section - a kind of sections
 * @name: "name" of [name], or of [name NAME] with @max
 * @keys: the last one has no name
 * @set: instead of @keys: sets a key of @section; returns NULL, or what is wrong with it
 * @begin: called with each new section, whose name is set; or NULL
 * @max: sections [name NAME]; 0: it is [name]
 * @all: offset of its struct; with @max: of an array of them, which begin with
 *	char name[KVP_NAME_SIZE], or a longer one
 * @nr: offset of an unsigned int: so many there are
 * @size: bytes of such a struct
 */
struct kvp_conf_section {
	const char *name;
	const struct kvp_conf_key *keys;
	const char *(*set)(void *section, const char *key, const char *value);
	void (*begin)(void *section);
	unsigned int max;
	size_t all;
	size_t nr;
	size_t size;
};

#define KVP_CONF_SECTIONS(kind, member)						\
	.all = offsetof(struct kind, member), .nr = offsetof(struct kind, nr_##member), \
	.size = sizeof(*((struct kind *)0)->member),				\
	.max = sizeof(((struct kind *)0)->member) / sizeof(*((struct kind *)0)->member)

/**
 * struct kvp_conf - what a daemon's file may say
 * @sections: the last one has no name
 * @size: bytes of the struct that it is read into
 * @finish: sees to what tables cannot. Returns whether it is good; else @wrong, of
 *	KVP_WRONG bytes, says why not
 */
struct kvp_conf {
	const struct kvp_conf_section *sections;
	size_t size;
	bool (*finish)(void *config, char *wrong);
};

/**
 * kvp_conf_read() - read and judge a file
 * @conf: what it may say
 * @path: its path, for messages too
 * @wrong: out: if it is no good: "PATH:LINE: why", or "PATH: why"
 *
 * Return: to be given to kvp_conf_free(); NULL: see @wrong.
 */
void *kvp_conf_read(const struct kvp_conf *conf, const char *path, char wrong[KVP_WRONG]);

/* Its keys do not stay in memory. @config: or NULL. */
void kvp_conf_free(const struct kvp_conf *conf, void *config);

/* The section [name NAME], or NULL. */
void *kvp_conf_find(const struct kvp_conf_section *section, const void *config,
		    const char *name);

/**
 * struct kvp_key_file - a key that is in a file
 * @path: the file
 * @secret: what is in it
 */
struct kvp_key_file {
	char path[KVP_PATH];
	uint8_t secret[KVP_SECRET_SIZE];
};

/*
 * Kinds of values: char[], without more; a name, as the kernel's rule is; unsigned int, 1 to
 * @most, or from 0; bool: yes or no; enum kvp_level; struct kvp_key_file.
 */
const char *kvp_conf_text(const struct kvp_conf_key *key, void *to, const char *value);
const char *kvp_conf_name(const struct kvp_conf_key *key, void *to, const char *value);
const char *kvp_conf_number(const struct kvp_conf_key *key, void *to, const char *value);
const char *kvp_conf_count(const struct kvp_conf_key *key, void *to, const char *value);
const char *kvp_conf_bool(const struct kvp_conf_key *key, void *to, const char *value);
const char *kvp_conf_log(const struct kvp_conf_key *key, void *to, const char *value);
const char *kvp_conf_key_file(const struct kvp_conf_key *key, void *to, const char *value);

#endif /* KVP_CONF_H */
