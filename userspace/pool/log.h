/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log: lines of key=value on the standard error, where systemd takes them to the
 * journal with their level.
 */
#ifndef KVP_LOG_H
#define KVP_LOG_H

#include <stdbool.h>

/**
 * enum kvp_level - how bad, as syslog has it
 * @KVP_ERROR: something does not work, and will not by itself
 * @KVP_WARN: something does not work just now
 * @KVP_INFO: what happens rarely
 * @KVP_DEBUG: what happens often
 */
enum kvp_level {
	KVP_ERROR = 3,
	KVP_WARN = 4,
	KVP_INFO = 6,
	KVP_DEBUG = 7,
};

/* What is less important than @level is not printed. At first: KVP_INFO. */
void kvp_log_level(enum kvp_level level);

/* "error", "warning", "info" or "debug"; false: none of them. */
bool kvp_log_parse(const char *text, enum kvp_level *level);

/**
 * kvp_log() - a line
 * @level: how bad
 * @what: the message, which never changes: for grep
 * @format: the rest: key=value, in which values are numbers, names, or %s in quotes:
 *	see kvp_quote()
 */
void kvp_log(enum kvp_level level, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* @text in quotes, and without what would break them. Valid until the fourth next call. */
const char *kvp_quote(const char *text);

#endif /* KVP_LOG_H */
