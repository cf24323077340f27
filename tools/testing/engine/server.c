// SPDX-License-Identifier: GPL-2.0
/* Processes that serve prompts, each with a model and an open file of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"
#include "sha256.h"

#define FAILED	3

static int say(const char *what, const char *on, const char *why)
{
	fprintf(stderr, "kvtier-engine: %s %s: %s\n", what, on, why);
	return FAILED;
}

static int check_space(const struct options *o, struct kvt_space *space)
{
	size_t want = shape_block_bytes(&o->shape);
	uint32_t layers = kvt_nr_layers(space);
	char text[160];

	if (kvt_block_size(space) == want &&
	    (!layers || layers == o->shape.layers))
		return 0;
	snprintf(text, sizeof(text),
		 "its blocks have %u bytes and %u layers, this model's %zu and %u: make it as --describe says",
		 kvt_block_size(space), layers, want, o->shape.layers);
	return say("cannot use space", o->space, text);
}

static int open_space(const struct options *o, struct kvt_space **space)
{
	uint8_t identity[KVT_SHA256_SIZE];
	char text[256];
	int ret;

	*space = NULL;
	if (!o->space)
		return 0;
	shape_text(&o->shape, text, sizeof(text));
	kvt_sha256(text, strlen(text), identity);
	ret = kvt_open(o->space, 0, identity, space);
	if (ret)
		return say("cannot open space", o->space,
			   kvt_strerror(KVT_CALL_OPEN, ret));
	ret = check_space(o, *space);
	if (!ret && kvt_map_windows(*space))
		ret = say("cannot map the windows of space", o->space,
			  strerror(ENOMEM));
	if (ret)
		kvt_close(*space);
	return ret;
}

static int write_logits(const struct options *o, FILE *out, const float *logits)
{
	if (!out || fwrite(logits, sizeof(*logits), o->shape.vocab, out) ==
	    o->shape.vocab)
		return 0;
	return say("cannot write logits to", o->logits, strerror(errno));
}

static int serve_all(const struct options *o, const struct model *m,
		     struct kvt_space *space, struct answer *answers, FILE *out)
{
	float *logits = calloc(o->shape.vocab, sizeof(*logits));
	struct plan plan = o->plan;
	unsigned int i;
	int status = 0;

	if (!logits)
		return say("cannot serve", "a prompt", strerror(ENOMEM));
	for (i = 0; i < o->nr_prompts && !status; i++) {
		plan.tokens = o->tokens[i];
		if (serve(m, space, &plan, &answers[i], logits))
			status = say("cannot serve a prompt through space",
				     o->space ? o->space : "(none)",
				     strerror(-answers[i].error));
		else
			status = write_logits(o, out, logits);
	}
	free(logits);
	return status;
}

static unsigned int longest(const struct options *o)
{
	unsigned int i, most = 0;

	for (i = 0; i < o->nr_prompts; i++)
		if (o->tokens[i] > most)
			most = o->tokens[i];
	return most + o->plan.generate;
}

/* One server, from its start to its end. Return: an exit status. */
static int run(const struct options *o, struct answer *answers, FILE *out)
{
	struct kvt_space *space;
	struct model model;
	int status;

	if (model_init(&model, &o->shape, longest(o)))
		return say("cannot make", "the model", strerror(ENOMEM));
	status = open_space(o, &space);
	if (!status) {
		status = serve_all(o, &model, space, answers, out);
		kvt_close(space);
	}
	model_free(&model);
	return status;
}

static size_t answers_size(const struct options *o)
{
	return o->servers * o->nr_prompts * sizeof(struct answer);
}

static void start(const struct options *o, struct answer *answers)
{
	unsigned int i;

	for (i = 1; i < o->servers; i++) {
		pid_t pid = fork();

		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(run(o, answers + i * o->nr_prompts, NULL));
		}
		if (pid < 0)
			_exit(say("cannot start", "a server", strerror(errno)));
	}
}

static int wait_all(void)
{
	int status, worst = 0;

	while (wait(&status) > 0 || errno == EINTR) {
		if (!WIFEXITED(status))
			worst = say("a server", "died", "see the kernel's log");
		else if (WEXITSTATUS(status) > worst)
			worst = WEXITSTATUS(status);
	}
	return worst;
}

static int run_all(const struct options *o, struct answer *answers)
{
	FILE *out = NULL;
	int status, others;

	if (o->logits) {
		out = fopen(o->logits, "w");
		if (!out)
			return say("cannot write logits to", o->logits, strerror(errno));
	}
	start(o, answers);
	status = run(o, answers, out);
	others = wait_all();
	if (out && fclose(out) && !status)
		status = say("cannot write logits to", o->logits, strerror(errno));
	return others > status ? others : status;
}

struct answer *servers_run(const struct options *o, int *status)
{
	struct answer *answers = mmap(NULL, answers_size(o),
				      PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (answers == MAP_FAILED) {
		*status = say("cannot keep", "answers", strerror(errno));
		return NULL;
	}
	*status = run_all(o, answers);
	if (!*status)
		return answers;
	servers_free(o, answers);
	return NULL;
}

void servers_free(const struct options *o, struct answer *answers)
{
	munmap(answers, answers_size(o));
}
