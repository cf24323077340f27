// SPDX-License-Identifier: GPL-2.0
/*
 * Queues without kvtier: what is refused, and, where this machine has io_uring,
 * completions of a file that does not know the commands.
 */
#include "fake.h"
#include "tap.h"

static struct kvt_space *space;

static void batches(void)
{
	struct kvt_key keys[2] = { { .bytes = "a" }, { .bytes = "b" } };
	struct kvt_how how = {
		.flags = KVT_F_WAIT, .class_id = 3, .tier = 1, .timeout_ns = 5,
		.parent = &keys[1],
	};
	struct kvt_entry entries[2];
	struct kvt_block blocks[2];
	struct kvt_batch batch;

	memset(entries, 0xaa, sizeof(entries));
	memset(&batch, 0xaa, sizeof(batch));
	kvt_entries_init(entries, keys, 2);
	ok(!memcmp(entries[1].key, keys[1].bytes, KVT_KEY_SIZE), "keys of entries");
	is(entries[0].len + entries[0].addr + entries[0].pos, 0, "the rest is zero");
	kvt_batch_init(&batch, KVT_OP_RESERVE, entries, 2, &how);
	is(batch.size, sizeof(batch), "size");
	is(batch.op, KVT_OP_RESERVE, "command");
	is(batch.nr, 2, "entries");
	ok(batch.entries == (uintptr_t)entries, "which");
	is(batch.flags, KVT_F_WAIT, "flags");
	is(batch.class_id, 3, "class");
	is(batch.tier, 1, "tier");
	is(batch.timeout_ns, 5, "time");
	ok(!memcmp(batch.parent, keys[1].bytes, KVT_KEY_SIZE), "parent");
	is(batch.pad | batch.pad2 | batch.done | batch.ok, 0, "the rest is zero");
	kvt_batch_init(&batch, KVT_OP_LOOKUP, entries, 1, NULL);
	is(batch.flags | batch.parent[0], 0, "nothing said");
	entries[1].slot = 7;
	entries[1].offset = 8;
	entries[1].result = -ENOENT;
	kvt_entries_blocks(entries, 2, blocks);
	is(blocks[1].slot, 7, "slot");
	is(blocks[1].offset, 8, "offset");
	is(blocks[1].result, -ENOENT, "result");
}

static void refused(void)
{
	struct kvt_queue *queue;
	struct kvt_batch batch;
	struct kvt_done done;

	is(kvt_queue_create(NULL, 1, &queue), -EINVAL, "no space");
	is(kvt_queue_create(space, 1, NULL), -EINVAL, "nowhere to put it");
	is(kvt_queue_create(space, 0, &queue), -EINVAL, "no depth");
	is(kvt_queue_create(space, KVT_QUEUE_MAX_DEPTH + 1, &queue), -EINVAL, "too deep");
	is(kvt_queue_add(NULL, &batch, KVT_NO_BUFFER, NULL), -EINVAL, "add to none");
	is(kvt_queue_submit(NULL), -EINVAL, "submit none");
	is(kvt_queue_wait(NULL, &done, 1, 0), -EINVAL, "wait for none");
	is(kvt_queue_cancel(NULL, NULL), -EINVAL, "cancel none");
	is(kvt_queue_eventfd(NULL), -EINVAL, "event file of none");
	is(kvt_queue_register(NULL, NULL, 0), -EINVAL, "buffers of none");
	is(kvt_queue_pending(NULL), 0, "none has none");
	is(kvt_queue_destroy(NULL), 0, "destroy none");
}

static void refused_commands(struct kvt_queue *queue)
{
	struct kvt_entry entry;
	struct kvt_batch batch = { .nr = 1, .entries = (uintptr_t)&entry };
	struct kvt_done done;

	is(kvt_queue_add(queue, NULL, KVT_NO_BUFFER, NULL), -EINVAL, "no batch");
	is(kvt_queue_add(queue, &batch, -2, NULL), -EINVAL, "buffer -2");
	is(kvt_queue_add(queue, &batch, 65536, NULL), -EINVAL, "buffer 65536");
	batch.nr = 0;
	is(kvt_queue_add(queue, &batch, KVT_NO_BUFFER, NULL), -EINVAL, "no entries");
	batch.nr = KVT_MAX_BATCH + 1;
	is(kvt_queue_add(queue, &batch, KVT_NO_BUFFER, NULL), -EINVAL, "too many");
	batch.nr = 1;
	batch.entries = 0;
	is(kvt_queue_add(queue, &batch, KVT_NO_BUFFER, NULL), -EINVAL, "nowhere");
	is(kvt_queue_wait(queue, NULL, 1, 0), -EINVAL, "nowhere to put completions");
	is(kvt_queue_wait(queue, &done, 0, 0), -EINVAL, "no room for them");
	is(kvt_queue_register(queue, NULL, 1), -EINVAL, "no buffers");
	is(kvt_queue_pending(queue), 0, "nothing was added");
}

static void completions(struct kvt_queue *queue)
{
	struct kvt_entry entries[4];
	struct kvt_batch batches[4] = {};
	struct kvt_done done[4];
	int i, seen = 0;

	for (i = 0; i < 4; i++) {
		batches[i].nr = 1;
		batches[i].entries = (uintptr_t)&entries[i];
		is(kvt_queue_add(queue, &batches[i], KVT_NO_BUFFER, &entries[i]), 0, "add %d", i);
	}
	is(batches[3].size, sizeof(batches[3]), "size is filled in");
	is(entries[3].result, -ECANCELED, "so are results");
	is(kvt_queue_add(queue, &batches[0], KVT_NO_BUFFER, NULL), -EBUSY, "full");
	is(kvt_queue_submit(queue), 4, "all are sent");
	is(kvt_queue_wait(queue, done, 4, 1000000000), 4, "and come back");
	for (i = 0; i < 4; i++) {
		is(done[i].result, -EOPNOTSUPP, "not understood");
		seen |= 1 << (done[i].batch - batches);
		ok(done[i].user == &entries[done[i].batch - batches], "with what was said");
	}
	is(seen, 15, "each once");
	is(kvt_queue_wait(queue, done, 4, 1000000000), 0, "nothing is in flight");
	is(kvt_queue_cancel(queue, NULL), -ENOENT, "nothing to cancel");
}

static void real(void)
{
	struct kvt_queue *queue;
	struct kvt_batch batch = { .nr = 1 };
	struct kvt_entry entry;
	int rc = kvt_queue_create(space, 4, &queue);

	if (rc) {
		ok(rc == -EPERM || rc == -ENOSYS || rc == -ENOMEM, "no io_uring here: %d", rc);
		ok(strstr(kvt_strerror(KVT_CALL_QUEUE_CREATE, rc), rc == -ENOMEM ?
			  "ulimit -l" : "seccomp"), "it says why");
		return;
	}
	refused_commands(queue);
	completions(queue);
	batch.entries = (uintptr_t)&entry;
	is(kvt_queue_add(queue, &batch, KVT_NO_BUFFER, NULL), 0, "one more");
	is(kvt_queue_destroy(queue), 0, "destroyed with it");
}

int main(void)
{
	fake_reset();
	space = fake_open(0);
	batches();
	refused();
	real();
	kvt_close(space);
	return done();
}
