/* What the bureau issued, on the vehicle's disk: the sealed bytes as the bureau sent them; and beside them,
 * in <path>.highest, the highest version ever held, so that a damaged file lets no older one in. */
#ifndef BUSWARDEN_ISSUEDFILE_H
#define BUSWARDEN_ISSUEDFILE_H

#include "proto/issued.h"

/* Read, check and decode: as issued_open(), or the errno of reading (-ENOENT no such file). */
int issuedfile_load(enum issued_kind kind, const char *path, const struct issued_for *whom,
                    struct issued *ret);
/* Replace the file atomically: after a power cut it is the old one or the new one. 0 or a negative errno. */
int issuedfile_store(const char *path, const uint8_t *sealed, size_t len);

/* 0: none yet, or not readable. */
uint64_t issuedfile_highest(const char *path);
/* Replaced atomically, when it is higher than what stands there. */
int issuedfile_raise(const char *path, uint64_t version);

#endif
