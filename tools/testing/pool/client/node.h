/* SPDX-License-Identifier: GPL-2.0 */
/* What the pool node, which is this machine, holds: its sysfs tells. */
#ifndef NODE_H
#define NODE_H

#include <stdbool.h>

/* An attribute of the space; -1: it cannot be read. */
long node_has(const char *what);

bool node_holds(long leases, long filling);

#endif /* NODE_H */
