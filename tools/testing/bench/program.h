/* SPDX-License-Identifier: GPL-2.0 */
/* Other programs: run to their end, or in turns with what is measured here. */
#ifndef _BENCH_PROGRAM_H
#define _BENCH_PROGRAM_H

#include <sys/types.h>

const char *program_beside(const char *name);
int program_run(const char *const *argv);
pid_t program_start(const char *const *argv);
void program_pause(pid_t pid);
void program_resume(pid_t pid);
void program_end(pid_t pid);

#endif /* _BENCH_PROGRAM_H */
