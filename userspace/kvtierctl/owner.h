/* SPDX-License-Identifier: GPL-2.0 */
/* Who may use a space: owner and mode of its device node. */
#ifndef CTL_OWNER_H
#define CTL_OWNER_H

#include <sys/types.h>

/** struct owner - zero is root */
struct owner {
	uid_t uid;
	gid_t gid;
};

/*
 * arg_owner() - parse_fn: USER[:GROUP], names or numbers; @to: struct owner *
 *
 * Without GROUP it is the user's login group.
 */
const char *arg_owner(const char *text, void *to);

/** arg_mode() - parse_fn: octal permission bits; @to: unsigned int * */
const char *arg_mode(const char *text, void *to);

#endif /* CTL_OWNER_H */
