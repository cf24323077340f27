// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "log.h"
#include "rdma.h"
#include "say.h"

void kvp_say_rdma(const char *what, const char *on, int err)
{
	kvp_log(KVP_ERROR, what, "on=%s why=%s advice=%s", on, kvp_quote(strerror(-err)),
		kvp_quote(kvp_rdma_advice(err)));
}
