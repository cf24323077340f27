// SPDX-License-Identifier: GPL-2.0
/*
 * KVT_URING_SUBMIT: commands by io_uring.
 *
 * A command that never waits is carried out where it is submitted. One that may is
 * an object of its own; it is carried out step by step in the context of who
 * submitted it, under io_uring's lock of the ring: the first step when it is
 * submitted, each other one as task work. In between it is KVT_WAITING, and who
 * turns that into KVT_RUNNING, by a cmpxchg, queues the next step: what it waits
 * for, its timer, or a cancel, whichever comes first. A cancel only sets
 * cmd->stop; the step that follows gives back what is not done. So a command is
 * completed by a step and nobody else, once. All steps and cancels of a command are
 * serialized by the ring's lock; what wakes it takes no lock but those of queues.
 *
 * In a worker of io_uring's (IOSQE_ASYNC) it sleeps instead, as an ioctl does.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/uio.h>

#include "batch.h"
#include "cmd.h"
#include "compat.h"
#include "space.h"
#include "uring.h"

enum kvt_uring_state { KVT_RUNNING, KVT_WAITING };

/**
 * struct kvt_uring - a command that may wait
 * @cmd: how far it is (the ring's lock; @cmd.wait is constant while it waits)
 * @batch: the caller's, checked
 * @arg: the caller's; constant
 * @io: io_uring's; constant, and there until a step completes it
 * @issue_flags: of the step (the ring's lock)
 * @state: enum kvt_uring_state
 * @nr_loads: its loads that have not ended
 * @refs: until it is completed, and one for each of @nr_loads
 * @sleeper: in space->wait while it waits for others
 * @timer: until cmd.wait.deadline
 * @link: in file->urings from its first wait on (file->uring_lock; the ring's
 *	lock for whether it is)
 * @entries: the caller's, checked
 */
struct kvt_uring {
	struct kvt_cmd cmd;
	struct kvt_batch batch;
	struct kvt_batch __user *arg;
	struct io_uring_cmd *io;
	unsigned int issue_flags;
	atomic_t state;
	atomic_t nr_loads;
	refcount_t refs;
	struct wait_queue_entry sleeper;
	struct timer_list timer;
	struct list_head link;
	struct kvt_entry entries[];
};

static void task_work(struct io_uring_cmd *io, unsigned int issue_flags,
		      bool is_dead);
KVT_URING_TASK_WORK(next_step, task_work)

static struct kvt_uring *to_uring(struct kvt_cmd *c)
{
	return container_of(c, struct kvt_uring, cmd);
}

static struct kvt_uring **pdu(struct io_uring_cmd *io)
{
	return io_uring_cmd_to_pdu(io, struct kvt_uring *);
}

static void put_ref(struct kvt_uring *u)
{
	if (refcount_dec_and_test(&u->refs))
		kvfree(u);
}

static bool stop_waiting(struct kvt_uring *u)
{
	return atomic_cmpxchg(&u->state, KVT_WAITING, KVT_RUNNING) == KVT_WAITING;
}

/* Any context. */
static void resume(struct kvt_uring *u)
{
	if (stop_waiting(u))
		io_uring_cmd_complete_in_task(u->io, next_step);
}

static void load_begun(struct kvt_cmd *c)
{
	struct kvt_uring *u = to_uring(c);

	refcount_inc(&u->refs);
	atomic_inc(&u->nr_loads);
}

static void load_ended(struct kvt_load *load)
{
	struct kvt_uring *u = to_uring(load->waiter);

	if (atomic_dec_and_test(&u->nr_loads))
		resume(u);
	put_ref(u);
}

static void timed_out(struct timer_list *timer)
{
	resume(container_of(timer, struct kvt_uring, timer));
}

/* Called for each change in the space, under the lock of its waiters. */
static int look_again(struct wait_queue_entry *sleeper, unsigned int mode,
		      int flags, void *key)
{
	struct kvt_uring *u = container_of(sleeper, struct kvt_uring, sleeper);

	if (atomic_read(&u->state) == KVT_WAITING && kvt_cmd_may_go_on(&u->cmd))
		resume(u);
	return 0;
}

static int import(struct kvt_cmd *c, int rw, void __user *addr, size_t len,
		  struct iov_iter *iter)
{
	struct kvt_uring *u = to_uring(c);

	if (!(u->io->flags & IORING_URING_CMD_FIXED))
		return import_ubuf(rw, addr, len, iter);
	return kvt_uring_import(u->io, rw, (u64)(uintptr_t)addr, len, iter,
				u->issue_flags);
}

static const struct kvt_front front = {
	.import = import,
	.load_begun = load_begun,
	.load_ended = load_ended,
};

static bool may_go_on(struct kvt_uring *u)
{
	if (u->cmd.wait.what == KVT_WAIT_LOAD)
		return !atomic_read(&u->nr_loads);
	return kvt_cmd_may_go_on(&u->cmd);
}

static void forget_wait(struct kvt_uring *u)
{
	timer_delete_sync(&u->timer);
	/* Only steps add and remove it. */
	if (list_empty(&u->sleeper.entry))
		return;
	remove_wait_queue(&u->cmd.file->space->wait, &u->sleeper);
	INIT_LIST_HEAD(&u->sleeper.entry);
}

/* Returns whether a step is to come, or has come, by resume(). */
static bool wait(struct kvt_uring *u)
{
	atomic_set(&u->state, KVT_WAITING);
	if (u->cmd.wait.what != KVT_WAIT_LOAD)
		add_wait_queue(&u->cmd.file->space->wait, &u->sleeper);
	mod_timer(&u->timer, u->cmd.wait.deadline);
	/* Pairs with wq_has_sleeper(), and atomic_dec_and_test(). */
	smp_mb();
	if (!may_go_on(u) || !stop_waiting(u))
		return true;
	forget_wait(u);
	return false;
}

/* It has ended: the command's result. @u is gone then. */
static int finish(struct kvt_uring *u, bool is_dead)
{
	const struct kvt_batch *batch = &u->batch;
	int err = -ECANCELED;

	if (is_dead)
		kvt_cmd_undo(&u->cmd);
	else
		err = kvt_batch_put(u->arg, batch, u->entries);
	if (!err && u->cmd.stop && batch->done &&
	    u->entries[batch->done - 1].result == u->cmd.stop)
		err = -ECANCELED;
	put_ref(u);
	return err;
}

/* It begins to wait: from now on it can be cancelled. */
static void link_uring(struct kvt_uring *u)
{
	if (!list_empty(&u->link))
		return;
	spin_lock(&u->cmd.file->uring_lock);
	list_add_tail(&u->link, &u->cmd.file->urings);
	spin_unlock(&u->cmd.file->uring_lock);
	io_uring_cmd_mark_cancelable(u->io, u->issue_flags);
}

static void unlink_uring(struct kvt_uring *u)
{
	if (list_empty(&u->link))
		return;
	spin_lock(&u->cmd.file->uring_lock);
	list_del(&u->link);
	spin_unlock(&u->cmd.file->uring_lock);
}

static void go_on(struct kvt_uring *u, unsigned int issue_flags, bool is_dead)
{
	struct io_uring_cmd *io = u->io;

	u->issue_flags = issue_flags;
	while (kvt_cmd_step(&u->cmd)) {
		link_uring(u);
		if (wait(u))
			return;
	}
	kvt_cmd_end(&u->cmd);
	unlink_uring(u);
	kvt_uring_done(io, finish(u, is_dead), issue_flags);
}

static void task_work(struct io_uring_cmd *io, unsigned int issue_flags,
		      bool is_dead)
{
	struct kvt_uring *u = *pdu(io);

	forget_wait(u);
	/* The caller's memory may be gone. */
	if (is_dead)
		u->cmd.stop = -ECANCELED;
	go_on(u, issue_flags, is_dead);
}

static struct kvt_uring *new_uring(struct io_uring_cmd *io,
				   const struct kvt_batch *batch,
				   struct kvt_batch __user *arg)
{
	struct kvt_uring *u;

	u = kvmalloc(struct_size(u, entries, batch->nr), GFP_KERNEL_ACCOUNT);
	if (!u)
		return NULL;
	u->cmd.file = io->file->private_data;
	u->cmd.batch = &u->batch;
	u->cmd.entries = u->entries;
	u->cmd.front = &front;
	u->batch = *batch;
	u->arg = arg;
	u->io = io;
	atomic_set(&u->state, KVT_RUNNING);
	atomic_set(&u->nr_loads, 0);
	refcount_set(&u->refs, 1);
	init_waitqueue_func_entry(&u->sleeper, look_again);
	INIT_LIST_HEAD(&u->sleeper.entry);
	INIT_LIST_HEAD(&u->link);
	timer_setup(&u->timer, timed_out, 0);
	*pdu(io) = u;
	return u;
}

static int begin(struct io_uring_cmd *io, const struct kvt_batch *batch,
		 struct kvt_batch __user *arg, unsigned int issue_flags)
{
	struct kvt_uring *u = new_uring(io, batch, arg);
	int err;

	if (!u)
		return -ENOMEM;
	err = kvt_batch_get_entries(io->file, batch, u->entries);
	if (err) {
		kvfree(u);
		return err;
	}
	if (!(issue_flags & IO_URING_F_NONBLOCK)) {
		u->issue_flags = issue_flags;
		kvt_cmd_run(&u->cmd, TASK_INTERRUPTIBLE);
		return finish(u, false);
	}
	kvt_cmd_begin(&u->cmd);
	go_on(u, issue_flags, false);
	return -EIOCBQUEUED;
}

/* Nobody is carrying it out: the ring's lock is held. */
static void cancel(struct kvt_uring *u)
{
	u->cmd.stop = -ECANCELED;
	resume(u);
}

/*
 * KVT_URING_CANCEL: io_uring's own cancel does not know commands that nobody
 * sleeps for. Those of other rings are under other locks. Returns how many.
 */
static int cancel_some(struct io_uring_cmd *io, u64 arg, unsigned int issue_flags)
{
	struct kvt_file *f = io->file->private_data;
	struct kvt_uring *u;
	int nr = 0;

	if (issue_flags & IO_URING_F_UNLOCKED)
		return -EINVAL;
	spin_lock(&f->uring_lock);
	list_for_each_entry(u, &f->urings, link) {
		if (cmd_to_io_kiocb(u->io)->ctx != cmd_to_io_kiocb(io)->ctx ||
		    (arg && u->arg != u64_to_user_ptr(arg)))
			continue;
		cancel(u);
		nr++;
	}
	spin_unlock(&f->uring_lock);
	return nr;
}

static int submit_batch(struct io_uring_cmd *io, struct kvt_batch __user *arg,
			unsigned int issue_flags)
{
	struct kvt_batch batch;
	int err;

	err = kvt_batch_get(io->file, &batch, arg);
	if (err)
		return err;
	if (io->flags & IORING_URING_CMD_FIXED && batch.op != KVT_OP_PUT &&
	    batch.op != KVT_OP_GET)
		return -EINVAL;
	if (!kvt_cmd_may_wait(batch.op))
		return kvt_batch_run(io->file, &batch, arg);
	return begin(io, &batch, arg, issue_flags);
}

/**
 * kvt_uring_cmd() - a command by io_uring
 * @io: the command
 * @issue_flags: IO_URING_F_*
 *
 * Return: the command's result; -EIOCBQUEUED: later.
 */
int kvt_uring_cmd(struct io_uring_cmd *io, unsigned int issue_flags)
{
	const struct kvt_uring_submit *submit;
	u64 arg;

	if (issue_flags & IO_URING_F_CANCEL) {
		cancel(*pdu(io));
		return 0;
	}
	submit = (const void *)io->sqe->cmd;
	arg = READ_ONCE(submit->batch);
	switch (io->cmd_op) {
	case KVT_URING_SUBMIT:
		return READ_ONCE(submit->pad) ? -EINVAL :
		       submit_batch(io, u64_to_user_ptr(arg), issue_flags);
	case KVT_URING_CANCEL:
		return READ_ONCE(submit->pad) ? -EINVAL :
		       cancel_some(io, arg, issue_flags);
	default:
		return -EOPNOTSUPP;
	}
}
