/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pool nodes as they announce themselves: an address that is a number, and a port, in one
 * spelling, so that all hosts call the same node the same. Pure code.
 */
#ifndef KVP_MEMBER_H
#define KVP_MEMBER_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KVP_MEMBER_NAME		64	/* bytes, NUL included; holds ADDRESS:PORT, too */
#define KVP_MOST_ANNOUNCED	64	/* members */

/**
 * struct kvp_member - one of them
 * @name: decides where blocks are: what it calls itself; else ADDRESS:PORT
 * @address: a number
 * @port: of kvtier-poold
 */
struct kvp_member {
	char name[KVP_MEMBER_NAME];
	char address[INET6_ADDRSTRLEN];
	uint16_t port;
};

/**
 * struct kvp_members - all of them, no two of one name; unused bytes are zero
 * @nr: of @list
 * @nr_bad: that were announced and are not in @list: no members, or too many
 * @list: the members
 */
struct kvp_members {
	unsigned int nr;
	unsigned int nr_bad;
	struct kvp_member list[KVP_MOST_ANNOUNCED];
};

/**
 * kvp_member_at() - ADDRESS:PORT, [ADDRESS]:PORT of IPv6
 * @address: of the node; its port is not looked at
 * @port: port
 * @at: out
 *
 * Return: false: others cannot reach a node at such an address.
 */
bool kvp_member_at(const struct sockaddr_storage *address, uint16_t port,
		   char at[KVP_MEMBER_NAME]);

/**
 * kvp_member_add() - take one that somebody has announced
 * @members: gets it, or one more @nr_bad
 * @at: as kvp_member_at() writes it, and not otherwise; any bytes
 * @at_len: of @at
 * @name: see kvp_is_member_name(), or nothing; any bytes
 * @name_len: of @name
 */
void kvp_member_add(struct kvp_members *members, const char *at, size_t at_len,
		    const char *name, size_t name_len);

/* A letter, then a-z, 0-9, _ or -: 31 of them at most, as in configuration files. */
bool kvp_is_member_name(const char *name, size_t len);

#endif /* KVP_MEMBER_H */
