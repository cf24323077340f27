/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_NETLINK_H
#define _KVT_NETLINK_H

int kvt_netlink_init(void);
void kvt_netlink_exit(void);

#endif /* _KVT_NETLINK_H */
