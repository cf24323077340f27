/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ENGINE_SERVER_H
#define ENGINE_SERVER_H

#include "options.h"

/*
 * Serve all prompts, by so many processes. Return: the answers, server by server;
 * NULL: what went wrong was told, and @status is what to exit with.
 */
struct answer *servers_run(const struct options *o, int *status);
void servers_free(const struct options *o, struct answer *answers);

#endif /* ENGINE_SERVER_H */
