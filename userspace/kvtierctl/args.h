/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options and operands of a sub-command, stated as a table.
 *
 * A parser of a value returns NULL, or what is wrong with the text, to be
 * printed after it: "--size '3X': not a size ...". The message may be in a
 * static buffer.
 */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <stdbool.h>

#include "command.h"

typedef const char *(*parse_fn)(const char *text, void *to);

/**
 * struct opt - one option
 * @name: without the dashes; NULL ends a table
 * @parse: reads the value to @to; NULL: a bool without value that is set
 * @to: where to
 * @required: the command cannot do without
 * @repeats: may be given more than once
 * @seen: it was given (out)
 */
struct opt {
	const char *name;
	parse_fn parse;
	void *to;
	bool required;
	bool repeats;
	bool seen;
};

/** OPT() - a struct opt; further members may follow: .required = true */
#define OPT(text, function, ...) \
	{ .name = text, .parse = function, .to = __VA_ARGS__ }

/*
 * args_parse() - read the options of @cmd
 * @argv: reordered: the operands are first when it returns
 *
 * -h and --help are understood for every command, -j wherever --json is.
 *
 * Return: number of operands, within @cmd's bounds; or -1: @argv is no good
 * or help was asked for, and @code is what to exit with. All has been said.
 */
int args_parse(const struct command *cmd, int argc, char **argv,
	       struct opt *opts, int *code);

/*
 * operand() - parse one operand
 * @what: what it is: "space", "key"
 *
 * Return: CTL_OK, or CTL_USAGE after the message.
 */
int operand(const struct command *cmd, const char *what, parse_fn parse,
	    const char *text, void *to);

/** arg_u32() - parse_fn: a decimal number; @to: unsigned int * */
const char *arg_u32(const char *text, void *to);

/** arg_class() - parse_fn: a retention class; @to: unsigned int * */
const char *arg_class(const char *text, void *to);

/** arg_name() - parse_fn: the name of a tier or space; @to: const char ** */
const char *arg_name(const char *text, void *to);

#endif /* CTL_ARGS_H */
