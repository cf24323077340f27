// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "help.h"
#include "kvtier.h"
#include "say.h"

#define MAX_OPTS	12
#define OPT_HELP	256	/* above every char and every index */

struct parser {
	const struct command *cmd;
	struct opt *opts;
	int nr;
	int json;	/* index of --json, or -1 */
	struct option table[MAX_OPTS + 2];
};

static void make_table(struct parser *p)
{
	p->json = -1;
	for (p->nr = 0; p->opts[p->nr].name; p->nr++) {
		const struct opt *opt = &p->opts[p->nr];

		p->table[p->nr] = (struct option){
			.name = opt->name,
			.has_arg = opt->parse ? required_argument : no_argument,
			.val = OPT_HELP + 1 + p->nr,
		};
		if (!strcmp(opt->name, "json"))
			p->json = p->nr;
	}
	p->table[p->nr] = (struct option){ "help", no_argument, NULL, OPT_HELP };
}

static int take(struct parser *p, struct opt *opt)
{
	const char *wrong;

	if (opt->seen && !opt->repeats)
		return misuse(p->cmd, "--%s is given twice", opt->name);
	opt->seen = true;
	if (!opt->parse) {
		*(bool *)opt->to = true;
		return 0;
	}
	wrong = opt->parse(optarg, opt->to);
	if (wrong)
		return misuse(p->cmd, "--%s '%s': %s", opt->name, optarg, wrong);
	return 0;
}

/* getopt_long() tells a letter by optopt, and a word only by its place. */
static int unknown(struct parser *p, char **argv)
{
	if (optopt > 0 && optopt < OPT_HELP)
		return misuse(p->cmd, "unknown option '-%c'", optopt);
	if (optopt)
		return misuse(p->cmd, "option '%s' takes no value", argv[optind - 1]);
	return misuse(p->cmd, "unknown option '%s'", argv[optind - 1]);
}

static int take_next(struct parser *p, int c, char **argv)
{
	if (c == 'h' || c == OPT_HELP) {
		help_command(p->cmd);
		return -1;
	}
	if (c == 'j' && p->json >= 0) {
		*(bool *)p->opts[p->json].to = true;
		return 0;
	}
	if (c == 'j')
		return misuse(p->cmd, "unknown option '-j'");
	if (c == ':')
		return misuse(p->cmd, "option '%s' needs a value", argv[optind - 1]);
	if (c == '?')
		return unknown(p, argv);
	return take(p, &p->opts[c - OPT_HELP - 1]);
}

static int check_required(struct parser *p)
{
	int i;

	for (i = 0; i < p->nr; i++)
		if (p->opts[i].required && !p->opts[i].seen)
			return misuse(p->cmd, "--%s is missing", p->opts[i].name);
	return 0;
}

static int check_operands(struct parser *p, int nr, char **operands)
{
	if (nr < p->cmd->min)
		return misuse(p->cmd, "%s", nr ? "too few operands" :
			      "operands are missing");
	if (p->cmd->max >= 0 && nr > p->cmd->max)
		return misuse(p->cmd, "'%s' is one operand too many",
			      operands[p->cmd->max]);
	return 0;
}

int args_parse(const struct command *cmd, int argc, char **argv,
	       struct opt *opts, int *code)
{
	struct parser p = { .cmd = cmd, .opts = opts };
	int c, nr, bad = 0;

	make_table(&p);
	opterr = 0;
	while (!bad && (c = getopt_long(argc, argv, ":hj", p.table, NULL)) != -1)
		bad = take_next(&p, c, argv);
	nr = argc - optind;
	if (!bad)
		bad = check_operands(&p, nr, argv + optind);
	if (!bad)
		bad = check_required(&p);
	if (bad) {
		*code = bad < 0 ? CTL_OK : bad;
		return -1;
	}
	memmove(argv, argv + optind, (nr + 1) * sizeof(*argv));
	return nr;
}

int operand(const struct command *cmd, const char *what, parse_fn parse,
	    const char *text, void *to)
{
	const char *wrong = parse(text, to);

	if (wrong)
		return misuse(cmd, "%s '%s': %s", what, text, wrong);
	return CTL_OK;
}

const char *arg_u32(const char *text, void *to)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end)
		return "not a whole number";
	if (errno || number > 0xffffffffULL)
		return "too large a number";
	*(unsigned int *)to = number;
	return NULL;
}

const char *arg_class(const char *text, void *to)
{
	const char *wrong = arg_u32(text, to);

	if (wrong)
		return wrong;
	return *(unsigned int *)to > KVT_MAX_CLASS ? "a class is 0 to 15" : NULL;
}

const char *arg_name(const char *text, void *to)
{
	if (!*text)
		return "an empty name";
	if (strlen(text) >= KVT_NAME_SIZE)
		return "a name has at most 31 characters";
	if (*text < 'a' || *text > 'z')
		return "a name begins with a letter a-z";
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
		return "a name is made of a-z, 0-9, '_' and '-'";
	*(const char **)to = text;
	return NULL;
}
