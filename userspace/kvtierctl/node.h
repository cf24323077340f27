/* SPDX-License-Identifier: GPL-2.0 */
/* NUMA nodes of the machine. */
#ifndef CTL_NODE_H
#define CTL_NODE_H

#include <stdint.h>

#define NODE_TEXT	256

/** arg_node() - parse_fn: number of a NUMA node; @to: unsigned int * */
const char *arg_node(const char *text, void *to);

/** node_with_memory() - list of nodes with memory, "0-1"; @text: NODE_TEXT bytes */
const char *node_with_memory(char *text);

/** node_free() - free bytes of a node; 0, or -1 if they cannot be told */
int node_free(int node, uint64_t *bytes);

#endif /* CTL_NODE_H */
