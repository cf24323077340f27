// SPDX-License-Identifier: GPL-2.0
/*
 * A helper for a remote tier, with its pool in memory: what shell tests have where there is no
 * RDMA. Its spaces have the identity 1111...; it goes, with all it has, when it is killed.
 */
#include <sys/prctl.h>

#include "remote.h"

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: remote_helper TIER BLOCK_BYTES\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!kst_helper_start(kst_pool_new(atoi(argv[2])), argv[1], 8)) {
		perror(argv[1]);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
