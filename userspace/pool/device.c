// SPDX-License-Identifier: GPL-2.0
/* RDMA devices, and memory that is registered with them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "device.h"

/**
 * struct kvp_memory - see rdma.h
 * @entry: of rdma->memory
 * @rdma: whose
 * @addr: where it begins
 * @length: bytes
 * @flags: KVP_MEMORY_*
 */
struct kvp_memory {
	LIST_ENTRY(kvp_memory) entry;
	struct kvp_rdma *rdma;
	char *addr;
	size_t length;
	unsigned int flags;
};

/**
 * struct kvp_region - memory as one device has it
 * @entry: of device->regions
 * @memory: which
 * @mr: its registration
 */
struct kvp_region {
	LIST_ENTRY(kvp_region) entry;
	const struct kvp_memory *memory;
	struct ibv_mr *mr;
};

int kvp_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

/* Only these are good for a window that one link alone comes in through. */
bool kvp_device_has_windows(const struct kvp_device *device)
{
	return device->attr.device_cap_flags &
	       (IBV_DEVICE_MEM_WINDOW_TYPE_2A | IBV_DEVICE_MEM_WINDOW_TYPE_2B);
}

/* ----------------------------------------------------------------------- memory */

static int register_memory(struct kvp_device *device,
			   const struct kvp_memory *memory)
{
	struct kvp_region *region = calloc(1, sizeof(*region));
	int access = IBV_ACCESS_LOCAL_WRITE;

	if (!region)
		return -ENOMEM;
	if (memory->flags & KVP_MEMORY_OPEN && kvp_device_has_windows(device))
		access |= IBV_ACCESS_MW_BIND;
	region->memory = memory;
	region->mr = ibv_reg_mr(device->pd, memory->addr, memory->length, access);
	if (!region->mr) {
		int err = -errno;

		free(region);
		return err;
	}
	LIST_INSERT_HEAD(&device->regions, region, entry);
	return 0;
}

static void forget_region(struct kvp_region *region)
{
	LIST_REMOVE(region, entry);
	ibv_dereg_mr(region->mr);
	free(region);
}

static void forget_memory(struct kvp_device *device,
			  const struct kvp_memory *memory)
{
	struct kvp_region *region;

	LIST_FOREACH(region, &device->regions, entry) {
		if (region->memory == memory) {
			forget_region(region);
			return;
		}
	}
}

int kvp_memory_add(struct kvp_rdma *rdma, void *addr, size_t length,
		   unsigned int flags, struct kvp_memory **memory)
{
	struct kvp_memory *m;
	struct kvp_device *device;
	int err;

	if (!addr || !length || flags & ~KVP_MEMORY_OPEN)
		return -EINVAL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->rdma = rdma;
	m->addr = addr;
	m->length = length;
	m->flags = flags;
	LIST_INSERT_HEAD(&rdma->memory, m, entry);
	LIST_FOREACH(device, &rdma->devices, entry) {
		err = register_memory(device, m);
		if (err) {
			kvp_memory_remove(m);
			return err;
		}
	}
	*memory = m;
	return 0;
}

void kvp_memory_remove(struct kvp_memory *memory)
{
	struct kvp_device *device;

	if (!memory)
		return;
	LIST_FOREACH(device, &memory->rdma->devices, entry)
		forget_memory(device, memory);
	LIST_REMOVE(memory, entry);
	free(memory);
}

/* The registration that all of a piece of memory lies in, or NULL. */
struct ibv_mr *kvp_device_region(const struct kvp_device *device,
				 const void *addr, size_t length)
{
	const struct kvp_region *region;

	LIST_FOREACH(region, &device->regions, entry) {
		const struct kvp_memory *m = region->memory;
		size_t at = (const char *)addr - m->addr;

		if ((const char *)addr >= m->addr && at < m->length &&
		    length <= m->length - at)
			return region->mr;
	}
	return NULL;
}

/* ---------------------------------------------------------------------- devices */

/* A completion queue has something: link.c looks. */
static void device_ready(struct kvp_watch *watch)
{
	struct kvp_device *device = container_of(watch, struct kvp_device, watch);
	struct ibv_cq *cq;
	void *link;

	while (!ibv_get_cq_event(device->channel, &cq, &link)) {
		ibv_ack_cq_events(cq, 1);
		kvp_link_completions(link);
	}
}

static void forget_device(struct kvp_device *device)
{
	while (!LIST_EMPTY(&device->regions))
		forget_region(LIST_FIRST(&device->regions));
	LIST_REMOVE(device, entry);
	/* epoll forgets a file that is closed */
	if (device->channel)
		ibv_destroy_comp_channel(device->channel);
	if (device->pd)
		ibv_dealloc_pd(device->pd);
	free(device);
}

static int open_device(struct kvp_device *device)
{
	struct kvp_memory *m;
	int err;

	err = ibv_query_device(device->verbs, &device->attr);
	if (err)
		return -err;
	device->pd = ibv_alloc_pd(device->verbs);
	if (!device->pd)
		return -errno;
	device->channel = ibv_create_comp_channel(device->verbs);
	if (!device->channel)
		return -errno;
	err = kvp_nonblock(device->channel->fd);
	if (!err)
		err = kvp_watch_add(device->rdma, device->channel->fd,
				    &device->watch);
	LIST_FOREACH(m, &device->rdma->memory, entry) {
		if (!err)
			err = register_memory(device, m);
	}
	return err;
}

static struct kvp_device *find_device(struct kvp_rdma *rdma,
				      const struct ibv_context *verbs)
{
	struct kvp_device *device;

	LIST_FOREACH(device, &rdma->devices, entry)
		if (device->verbs == verbs && !device->gone)
			return device;
	return NULL;
}

/**
 * kvp_device_get() - a link begins to use a device
 * @rdma: as created
 * @verbs: the device, as the connection manager has it
 * @device: out; kvp_device_put() ends it
 *
 * The first time, all memory is registered with it, which takes its time.
 *
 * Return: 0 or negative errno.
 */
int kvp_device_get(struct kvp_rdma *rdma, struct ibv_context *verbs,
		   struct kvp_device **device)
{
	struct kvp_device *d = find_device(rdma, verbs);
	int err;

	if (!d) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return -ENOMEM;
		d->rdma = rdma;
		d->verbs = verbs;
		d->watch.ready = device_ready;
		LIST_INSERT_HEAD(&rdma->devices, d, entry);
		err = open_device(d);
		if (err) {
			forget_device(d);
			return err;
		}
	}
	d->users++;
	*device = d;
	return 0;
}

/* Before the link's id is destroyed: with a device's last one its context goes. */
void kvp_device_put(struct kvp_device *device)
{
	if (!--device->users && device->gone)
		forget_device(device);
}

void kvp_devices_forget(struct kvp_rdma *rdma)
{
	while (!LIST_EMPTY(&rdma->devices))
		forget_device(LIST_FIRST(&rdma->devices));
}

/* For who listens on all addresses: register memory now, not when they come. */
int kvp_device_use_all(struct kvp_rdma *rdma)
{
	struct kvp_device *device;
	int nr = 0;
	int i, err = 0;
	struct ibv_context **all = rdma_get_devices(&nr);

	if (!all)
		return -errno;
	for (i = 0; i < nr && !err; i++) {
		err = kvp_device_get(rdma, all[i], &device);
		if (!err)
			kvp_device_put(device);
	}
	rdma_free_devices(all);
	return nr || err ? err : -ENODEV;
}
