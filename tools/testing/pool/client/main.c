// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-pool-client: a client of kvtier-poold, and one that breaks every rule. Runs on
 * the pool node itself, so that it can see in sysfs what the node holds for it. The
 * space has to be empty, and to be its alone. TAP on the standard output.
 */
#include <gcrypt.h>
#include <string.h>
#include <sys/mman.h>

#include "tests.h"

struct client client;

static int run(void)
{
	test_bytes();
	test_holes();
	test_drop();
	test_abort();
	test_wait();
	test_two();
	test_uses();
	test_keys_of_frames();
	test_numbers();
	test_limit();
	test_who();
	test_rules();
	test_noise(getenv("KVTIER_FULL") ? 2000 : 100);
	test_killed();
	test_silent();
	return done();
}

int main(int argc, char **argv)
{
	struct kvp_memory *memory;
	const char *wrong;
	size_t bytes;
	int err;

	if (argc != 7) {
		fprintf(stderr, "Usage: %s ADDRESS SPACE LOCAL-SPACE KEY-FILE BLOCK-SIZE MAX-LEASES\n"
			"Test kvtier-poold, which runs here. Its patience should be short.\n",
			argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	client.argv = argv;
	client.space = argv[2];
	client.local_space = argv[3];
	client.block_size = atoi(argv[5]);
	client.max_leases = atoi(argv[6]);
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	wrong = kvp_resolve(argv[1], KVP_PORT, &client.to);
	if (!wrong)
		wrong = kvp_secret_read(argv[4], client.secret);
	err = wrong ? 0 : kvp_rdma_create(&client.rdma);
	if (wrong || err) {
		printf("Bail out! %s %s\n", wrong ? wrong : strerror(-err),
		       wrong ? "" : kvp_rdma_advice(err));
		return 1;
	}
	bytes = (size_t)CHAIN * client.block_size;
	client.frames = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(client.frames != MAP_FAILED);
	must(!kvp_memory_add(client.rdma, client.frames, bytes, 0, &memory));
	if (getenv("POOL_CLIENT_HOLD"))
		return hold();
	err = run();
	kvp_rdma_destroy(client.rdma);
	return err;
}
