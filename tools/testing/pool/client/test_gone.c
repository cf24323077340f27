// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests.h"

/* The other program: has leases and fills, says so, and does nothing any more. */
int hold(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place places[CHAIN];

	must(!chain_acquire(peer, 1, CHAIN, places) && !places[0].status);
	must(!chain_reserve(peer, 300, CHAIN, places) && !places[0].status);
	printf("holding\n");
	fflush(stdout);
	for (;;)
		pause();
}

static pid_t start_holder(void)
{
	int out[2];
	char said[16] = "";
	pid_t pid;

	must(!pipe(out));
	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		setenv("POOL_CLIENT_HOLD", "1", 1);
		execv("/proc/self/exe", client.argv);
		_exit(127);
	}
	close(out[1]);
	must(read(out[0], said, sizeof(said) - 1) > 0 && !strncmp(said, "hold", 4));
	close(out[0]);
	return pid;
}

void test_killed(void)
{
	pid_t pid = start_holder();

	ok(node_holds(CHAIN, CHAIN), "another process has leases and fills");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(wait_for(node_holds(0, 0)), "it is killed: they come back");
	is(node_has("quarantined"), 0, "and no frame is kept from reuse");
}

void test_silent(void)
{
	struct peer *peer = peer_connect();
	struct kvp_place places[CHAIN];
	pid_t pid = start_holder();

	kill(pid, SIGSTOP);
	must(!chain_acquire(peer, 1, 1, places));
	must(!chain_end(peer, KVP_RELEASE, places, 1, NULL));
	ok(wait_for(node_holds(0, 0)), "it sleeps for longer than the patience: they come back");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(peer_is_cut_off(peer), "so does one that says nothing");
	peer_hang_up(peer);
}
