// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <gcrypt.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "log.h"
#include "process.h"

enum kvp_exit kvp_exit_code(int err)
{
	return !err ? KVP_OK : err == -ENODEV ? KVP_NO_RDMA : KVP_FAILED;
}

/* Registered memory is locked memory. */
static void raise_memlock(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (!setrlimit(RLIMIT_MEMLOCK, &limit) || getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_max != RLIM_INFINITY)
		kvp_log(KVP_INFO, "locked memory is limited: windows may not be registered without CAP_IPC_LOCK; LimitMEMLOCK=infinity lifts it",
			"bytes=%llu", (unsigned long long)limit.rlim_max);
}

void kvp_process_begin(void)
{
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	raise_memlock();
}

void kvp_process_out_of_reclaim(void)
{
	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0))
		kvp_log(KVP_WARN, "PR_SET_IO_FLUSHER failed: with little memory left spills may stall (CAP_SYS_RESOURCE is needed)",
			"why=%s", kvp_quote(strerror(errno)));
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		kvp_log(KVP_WARN, "mlockall failed: set LimitMEMLOCK=infinity (ulimit -l unlimited)",
			"why=%s", kvp_quote(strerror(errno)));
}

int kvp_signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int kvp_signals_next(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}
