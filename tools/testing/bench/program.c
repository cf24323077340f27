// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

/* The path of a program in this one's directory: one at a time. */
const char *program_beside(const char *name)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return name;
	snprintf(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), "%s",
		 name);
	return path;
}

/* In a process group of its own, without output but for errors. */
pid_t program_start(const char *const *argv)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		fprintf(stderr, "kvtier-bench: cannot start %s: %s\n", argv[0],
			strerror(errno));
	if (pid)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	execvp(argv[0], (char **)argv);
	fprintf(stderr, "kvtier-bench: cannot run %s: %s\n", argv[0],
		strerror(errno));
	_exit(127);
}

/* Returns 0, or -1 and has said why. */
int program_run(const char *const *argv)
{
	pid_t pid = program_start(argv);
	int status;

	if (pid < 0)
		return -1;
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    !WEXITSTATUS(status))
		return 0;
	fprintf(stderr, "kvtier-bench: %s failed\n", argv[0]);
	return -1;
}

void program_pause(pid_t pid)
{
	kill(-pid, SIGSTOP);
}

void program_resume(pid_t pid)
{
	kill(-pid, SIGCONT);
}

void program_end(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
