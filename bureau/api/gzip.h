/* gzip (RFC 1952) by zlib, in memory. */
#ifndef BUSWARDEN_GZIP_H
#define BUSWARDEN_GZIP_H

#include <stddef.h>

enum { GZIP_WORTH_LEN = 512 /* a shorter text fits a packet as it is */ };

/* *ret is malloc'd. -ENOSPC: not a tenth shorter than before, so not worth it; -ENOMEM. */
int gzip_pack(const char *data, size_t len, char **ret, size_t *ret_len);

#endif
