// SPDX-License-Identifier: GPL-2.0
/* kvtier-poold: serves spaces of this host to others, by RDMA. */
#include <getopt.h>
#include <stdio.h>

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

static int check(const char *path)
{
	char wrong[KVP_WRONG];
	struct pn_config *config = pn_config_read(path, wrong);

	if (!config) {
		fprintf(stderr, "kvtier-poold: %s\n", wrong);
		return KVP_BAD_CONFIG;
	}
	printf("%s is good: %u spaces\n", path, config->nr_spaces);
	pn_config_free(config);
	return KVP_OK;
}

static int serve(const char *path)
{
	struct pn_node node;
	int code;

	code = pn_node_start(&node, path);
	if (!code) {
		kvp_log(KVP_INFO, "ready", "version=" KVTIER_VERSION " port=%u",
			node.config->port);
		kvp_notify("READY=1");
		if (pn_loop_run(&node.loop) || node.failed)
			code = KVP_FAILED;
		kvp_notify("STOPPING=1");
	}
	pn_node_stop(&node);
	kvp_log(KVP_INFO, "stopped", "code=%d", code);
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
			return KVP_OK;
		case 'h':
			usage(stdout);
			return KVP_OK;
		default:
			usage(stderr);
			return KVP_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return KVP_USAGE;
	}
	return only_check ? check(path) : serve(path);
}
