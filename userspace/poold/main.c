// SPDX-License-Identifier: GPL-2.0
/* kvtier-poold: serves spaces of this host to others, by RDMA. */
#include <gcrypt.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>

#include "node.h"
#include "notify.h"

#define CONFIG "/etc/kvtier/poold.conf"

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: kvtier-poold [--config FILE] [--check-config]\n"
		"\n"
		"Serve spaces of this host to other hosts, by RDMA. See kvtier-poold(8).\n"
		"\n"
		"  -c, --config FILE   configuration (%s)\n"
		"      --check-config  only say whether it is good\n"
		"  -V, --version       print the version\n"
		"  -h, --help          this\n", CONFIG);
}

/* Registered memory is locked memory. Who may not raise it is told when it fails. */
static void raise_limit(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (!setrlimit(RLIMIT_MEMLOCK, &limit) || getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int check(const char *path)
{
	char wrong[PN_WRONG];
	struct pn_config *config = pn_config_read(path, wrong);

	if (!config) {
		fprintf(stderr, "kvtier-poold: %s\n", wrong);
		return PN_BAD_CONFIG;
	}
	printf("%s is good: %u spaces\n", path, config->nr_spaces);
	pn_config_free(config);
	return PN_OK;
}

static int serve(const char *path)
{
	struct pn_node node;
	int code;

	raise_limit();
	code = pn_node_start(&node, path);
	if (!code) {
		kvd_log(KVD_INFO, "ready", "version=" KVTIER_VERSION " port=%u",
			node.config->port);
		kvp_notify("READY=1");
		if (pn_loop_run(&node.loop) || node.failed)
			code = PN_FAILED;
		kvp_notify("STOPPING=1");
	}
	pn_node_stop(&node);
	kvd_log(KVD_INFO, "stopped", "code=%d", code);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *path = CONFIG;
	bool only_check = false;
	int c;

	while ((c = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			only_check = true;
			break;
		case 'V':
			puts("kvtier-poold " KVTIER_VERSION);
			return PN_OK;
		case 'h':
			usage(stdout);
			return PN_OK;
		default:
			usage(stderr);
			return PN_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return PN_USAGE;
	}
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	return only_check ? check(path) : serve(path);
}
