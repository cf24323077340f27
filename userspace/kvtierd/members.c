// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "daemon.h"
#include "members.h"

/* As SIGHUP does it: members that stay the same stay connected. */
static void take(struct kvd *d, const struct kvp_members *members)
{
	if (memcmp(members, &d->announced, sizeof(*members))) {
		d->announced = *members;
		kvd_config_announce(d->config, members);
		kvd_spaces_reload(d);
	}
	kvp_log(members->nr_bad ? KVP_WARN : KVP_INFO, "members announced",
		"announced=%u bad=%u members=%u", members->nr, members->nr_bad,
		d->config->nr_members);
}

static void told(struct kvd_event *event, int res)
{
	struct kvd *d = container_of(event, struct kvd, etcd_event);
	struct kvp_etcd_news news;

	(void)res;
	if (!kvp_etcd_take(d->etcd, &news))
		return;
	if (*news.why)
		kvp_log(KVP_WARN, "etcd cannot be asked: members stay as they are", "why=%s",
			kvp_quote(news.why));
	else
		take(d, &news.members);
}

int kvd_members_start(struct kvd *d)
{
	int rc;

	if (!d->config->etcd.endpoints.nr)
		return 0;
	rc = kvp_etcd_start(&d->config->etcd, NULL, &d->etcd);
	if (rc)
		return rc;
	d->etcd_event.fd = kvp_etcd_fd(d->etcd);
	d->etcd_event.happened = told;
	kvd_loop_watch(&d->loop, &d->etcd_event);
	return 0;
}

void kvd_members_stop(struct kvd *d)
{
	kvp_etcd_stop(d->etcd);
	d->etcd = NULL;
}
