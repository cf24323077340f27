/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys of blocks and identities of spaces: 32 bytes, written as 64 hex
 * digits, or derived from a text by SHA-256.
 */
#ifndef CTL_KEY_H
#define CTL_KEY_H

#define HEX_TEXT	65	/* bytes that a key needs as text */

/*
 * arg_key() - parse_fn: a key; @to: 32 bytes
 *
 * 64 hex digits, also after "hex:", are the key itself. Anything else, and
 * what follows "text:", is hashed. What looks like a mistyped hex key (32 or
 * more digits, but not 64) is refused, since it would silently be another key.
 */
const char *arg_key(const char *text, void *to);

/** arg_identity() - parse_fn: 64 hex digits; @to: 32 bytes */
const char *arg_identity(const char *text, void *to);

/** arg_identity_text() - parse_fn: any text, hashed; @to: 32 bytes */
const char *arg_identity_text(const char *text, void *to);

/** hex_text() - 32 bytes as text; @text has HEX_TEXT bytes; returns it */
const char *hex_text(const unsigned char *bytes, char *text);

#endif /* CTL_KEY_H */
