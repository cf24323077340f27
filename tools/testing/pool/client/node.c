// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "client.h"
#include "node.h"

long node_has(const char *what)
{
	char path[256];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s", client.local_space, what);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%ld", &n) != 1)
		printf("# cannot read %s\n", path);
	if (f)
		fclose(f);
	return n;
}

bool node_holds(long leases, long filling)
{
	return node_has("leases") == leases && node_has("filling") == filling;
}
