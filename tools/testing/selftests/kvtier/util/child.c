// SPDX-License-Identifier: GPL-2.0
#include <grp.h>
#include <sys/prctl.h>

#include "util.h"

static void run_child(struct kst_child *c, pid_t parent,
		      int (*fn)(struct kst_child *c, void *arg), void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	c->pid = 0;
	_exit(fn(c, arg));
}

int kst_spawn(struct kst_child *c, int (*fn)(struct kst_child *c, void *arg),
	      void *arg)
{
	pid_t parent = getpid();
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	c->in = c->pid ? up[0] : down[0];
	c->out = c->pid ? down[1] : up[1];
	close(c->pid ? up[1] : down[1]);
	close(c->pid ? down[0] : up[0]);
	if (!c->pid)
		run_child(c, parent, fn, arg);
	return 0;
}

int kst_say(struct kst_child *c, int value)
{
	ssize_t n = write(c->out, &value, sizeof(value));

	return n == sizeof(value) ? 0 : -EPIPE;
}

int kst_hear(struct kst_child *c)
{
	int value;

	if (read(c->in, &value, sizeof(value)) != sizeof(value))
		return -EPIPE;
	return value;
}

int kst_join(struct kst_child *c)
{
	int status, err;

	close(c->out);
	err = waitpid(c->pid, &status, 0) != c->pid;
	/* Not before: the child may still be telling us something. */
	close(c->in);
	if (err)
		return -ECHILD;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void kst_kill(struct kst_child *c)
{
	kill(c->pid, SIGKILL);
	kst_join(c);
}

int kst_become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(KST_NOBODY, KST_NOBODY, KST_NOBODY) ||
	    setresuid(KST_NOBODY, KST_NOBODY, KST_NOBODY))
		return -errno;
	/* Or the kernel forgets to kill us with the parent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}
