/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVP_SAY_H
#define KVP_SAY_H

/* Log an error of RDMA, on what, and what to do about it. @err: negative errno. */
void kvp_say_rdma(const char *what, const char *on, int err);

#endif /* KVP_SAY_H */
