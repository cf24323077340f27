// SPDX-License-Identifier: GPL-2.0
#include "remote.h"

int kst_rig_make(struct kst_rig *r, __u32 block_size)
{
	int err = kst_remote_add(KST_REMOTE);

	*r = (struct kst_rig){ .fd = -1 };
	if (err)
		return err;
	r->pool = kst_pool_new(block_size);
	err = kst_rig_start(r, 8);
	if (err)
		return err;
	r->fd = kst_open(KST_SPACE, O_RDWR);
	return r->fd < 0 ? r->fd : 0;
}

int kst_rig_start(struct kst_rig *r, __u32 depth)
{
	r->helper = kst_helper_start(r->pool, KST_REMOTE, depth);
	return r->helper ? 0 : -errno;
}

int kst_rig_stop(struct kst_rig *r)
{
	struct kst_helper *h = r->helper;

	r->helper = NULL;
	return h ? kst_helper_stop(h) : 0;
}

void kst_rig_ways(struct kst_rig *r, struct kst_ways ways)
{
	kst_pool_ways(r->pool, &ways);
}

void kst_rig_hold(struct kst_rig *r, unsigned int hold, unsigned int fail)
{
	kst_rig_ways(r, (struct kst_ways){ .hold = hold, .fail = fail });
}

int kst_rig_end(struct kst_rig *r)
{
	int err;

	if (r->fd >= 0)
		close(r->fd);
	err = kst_rig_stop(r);
	if (r->pool && kst_pool_wrong(r->pool))
		err = -EPROTO;
	if (r->pool)
		kst_pool_free(r->pool);
	return err;
}

int kst_give_remote(const char *space, const char *timeout_ms)
{
	return kst_knob(space, "remote_timeout_ms", timeout_ms) ?:
	       kst_knob(space, "remote", KST_REMOTE);
}
