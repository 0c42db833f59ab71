/* The licence on disk: the Sealed bytes as the bureau sent them. */
#ifndef BUSWARDEN_ISSUEDFILE_H
#define BUSWARDEN_ISSUEDFILE_H

#include "gateway/source/source.h"
#include "proto/wire.h"

/* Read, check and decode. public_key NULL: the signature is not asked for. 0; -ENOENT no such file;
 * -EKEYREJECTED not signed by that key; -EBADMSG or -EMSGSIZE no licence; or the errno of reading.
 * wire_licence_free(ret). */
int licencefile_load(const char *path, const uint8_t public_key[BW_PUBLIC_KEY_LEN], struct bw_licence *ret);
/* What an error of licencefile_load() means, for people. */
const char *licencefile_reason(int error);
/* Replace the file atomically: after a power cut it is the old one or the new one. 0 or a negative errno. */
int licencefile_store(const char *path, const uint8_t *sealed, size_t len);

/* Which dates of a receiver may be believed. No true date lies before the software was made; five years after
 * the software or the licence, whichever is newer, a date is likelier a receiver's fault. licence may be
 * NULL. `recorded`: judging a recording, which may be older than this software but not than the permits it is
 * judged by. */
struct gps_window licencefile_window(const struct bw_licence *licence, bool recorded);

#endif
