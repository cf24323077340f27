/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log: lines of key=value on the standard error, where systemd takes them to the
 * journal with their level.
 */
#ifndef KVD_LOG_H
#define KVD_LOG_H

#include <stdbool.h>

/**
 * enum kvd_level - how bad, as syslog has it
 * @KVD_ERROR: something does not work, and will not by itself
 * @KVD_WARN: something does not work just now
 * @KVD_INFO: what happens rarely
 * @KVD_DEBUG: what happens often
 */
enum kvd_level {
	KVD_ERROR = 3,
	KVD_WARN = 4,
	KVD_INFO = 6,
	KVD_DEBUG = 7,
};

/* What is less important than @level is not printed. At first: KVD_INFO. */
void kvd_log_level(enum kvd_level level);

/* "error", "warning", "info" or "debug"; false: none of them. */
bool kvd_log_parse(const char *text, enum kvd_level *level);

/**
 * kvd_log() - a line
 * @level: how bad
 * @what: the message, which never changes: for grep
 * @format: the rest: key=value, in which values are numbers, names, or %s in quotes:
 *	see kvd_quote()
 */
void kvd_log(enum kvd_level level, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* @text in quotes, and without what would break them. Valid until the fourth next call. */
const char *kvd_quote(const char *text);

#endif /* KVD_LOG_H */
