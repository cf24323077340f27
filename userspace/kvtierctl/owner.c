// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "owner.h"

#define NO_ID	0xffffffffU	/* chown()'s "leave it" is nobody's id */

/* Finds a user by name, else by number; @user stays NULL for a bare number. */
static const char *find_user(const char *text, uid_t *uid, const struct passwd **user)
{
	unsigned int number;

	*user = getpwnam(text);
	if (!*user) {
		if (arg_u32(text, &number) || number == NO_ID)
			return "no such user";
		*uid = number;
		*user = getpwuid(number);
	}
	if (*user)
		*uid = (*user)->pw_uid;
	return NULL;
}

static const char *find_group(const char *text, gid_t *gid)
{
	const struct group *group = getgrnam(text);
	unsigned int number;

	if (group) {
		*gid = group->gr_gid;
		return NULL;
	}
	if (arg_u32(text, &number) || number == NO_ID)
		return "no such group";
	*gid = number;
	return NULL;
}

const char *arg_owner(const char *text, void *to)
{
	struct owner *owner = to;
	const struct passwd *user;
	const char *wrong, *group;
	char name[256];

	group = strchr(text, ':');
	if (strlen(text) >= sizeof(name))
		return "no such user";
	strcpy(name, text);
	name[strcspn(name, ":")] = 0;
	wrong = find_user(name, &owner->uid, &user);
	if (wrong)
		return wrong;
	if (group)
		return find_group(group + 1, &owner->gid);
	if (!user)
		return "no user has this number, so state a group too: UID:GROUP";
	owner->gid = user->pw_gid;
	return NULL;
}

const char *arg_mode(const char *text, void *to)
{
	unsigned long mode;
	char *end;

	if (text[strspn(text, "01234567")] || !*text)
		return "not an octal mode, as in 0660";
	errno = 0;
	mode = strtoul(text, &end, 8);
	if (errno || mode > 0777)
		return "a mode is 0 to 0777";
	*(unsigned int *)to = mode;
	return NULL;
}
