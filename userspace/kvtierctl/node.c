// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "node.h"

#define NODES	"/sys/devices/system/node"

const char *arg_node(const char *text, void *to)
{
	const char *wrong = arg_u32(text, to);

	if (wrong)
		return wrong;
	return *(unsigned int *)to > 0x7fffffff ? "too large a number" : NULL;
}

const char *node_with_memory(char *text)
{
	FILE *file = fopen(NODES "/has_memory", "re");

	if (!file || !fgets(text, NODE_TEXT, file))
		strcpy(text, "unknown");
	text[strcspn(text, "\n")] = 0;
	if (file)
		fclose(file);
	return text;
}

int node_free(int node, uint64_t *bytes)
{
	char path[128], line[256];
	unsigned long long kib;
	int found = -1;
	FILE *file;

	snprintf(path, sizeof(path), NODES "/node%d/meminfo", node);
	file = fopen(path, "re");
	while (file && found && fgets(line, sizeof(line), file))
		if (sscanf(line, "Node %*d MemFree: %llu kB", &kib) == 1)
			found = 0;
	if (file)
		fclose(file);
	if (!found)
		*bytes = kib << 10;
	return found;
}
