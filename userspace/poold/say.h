/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PN_SAY_H
#define PN_SAY_H

/* Log an error of RDMA, on what, and what to do about it. @err: negative errno. */
void pn_say_rdma(const char *what, const char *on, int err);

#endif /* PN_SAY_H */
