/* SPDX-License-Identifier: GPL-2.0 */
/* Where the module shows itself. Tests without a module build with others. */
#ifndef CTL_PATHS_H
#define CTL_PATHS_H

#ifndef PATH_CLASS
#define PATH_CLASS	"/sys/class"
#endif

#ifndef PATH_DEV
#define PATH_DEV	"/dev"
#endif

#ifndef PATH_POLICY
#define PATH_POLICY	"/run/kvtierd/policy.json"
#endif

#define PATH_CONTROL	PATH_DEV "/kvtier-control"
#define PATH_SPACES	PATH_DEV "/kvtier"

#endif /* CTL_PATHS_H */
