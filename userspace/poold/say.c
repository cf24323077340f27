// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "rdma.h"
#include "say.h"

void pn_say_rdma(const char *what, const char *on, int err)
{
	char words[512];

	snprintf(words, sizeof(words), "%s%s", strerror(-err), kvp_rdma_advice(err));
	kvd_log(KVD_ERROR, what, "on=%s error=%s", on, kvd_quote(words));
}
