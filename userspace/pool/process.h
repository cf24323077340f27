/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemons have in common as processes: how they begin, signals, exit codes. */
#ifndef KVP_PROCESS_H
#define KVP_PROCESS_H

/**
 * enum kvp_exit - exit codes
 * @KVP_OK: asked to end
 * @KVP_FAILED: something else, which may work later
 * @KVP_USAGE: wrong arguments
 * @KVP_BAD_CONFIG: the configuration is no good
 * @KVP_NO_RDMA: there is no RDMA device
 */
enum kvp_exit {
	KVP_OK = 0,
	KVP_FAILED = 1,
	KVP_USAGE = 2,
	KVP_BAD_CONFIG = 3,
	KVP_NO_RDMA = 4,
};

/* Of an error of RDMA; 0: KVP_OK. */
enum kvp_exit kvp_exit_code(int err);

/* Begin: libgcrypt, and as much locked memory as may be had. */
void kvp_process_begin(void);

/*
 * For who is in the way of memory reclaim: it must not wait for memory to be freed. From
 * here on all of its memory is locked.
 */
void kvp_process_out_of_reclaim(void);

/**
 * kvp_signals_open() - take signals from a file
 *
 * SIGHUP, SIGINT and SIGTERM do nothing by themselves any more. SIGPIPE does not, either.
 *
 * Return: a file that is readable when there is one, or a negative errno.
 */
int kvp_signals_open(void);

/* The next signal of kvp_signals_open(); 0: there is none. */
int kvp_signals_next(int fd);

#endif /* KVP_PROCESS_H */
