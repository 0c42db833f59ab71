/* What an answer carries, plain and compressed, each with its entity tag; shared by all whom it is sent to.
 */
#ifndef BUSWARDEN_BODY_H
#define BUSWARDEN_BODY_H

#include <stdatomic.h>
#include <stddef.h>

enum { BODY_ETAG_LEN = 2 + 32 + 3 + 1 }; /* "hash" or "hash-gz", with the NUL */

/* Never changed once it is made. */
struct body {
    atomic_int refs;
    char *data, *gzip; /* gzip NULL: not worth it */
    size_t len, gzip_len;
    char etag[BODY_ETAG_LEN], gzip_etag[BODY_ETAG_LEN]; /* strong: of the bytes */
};

/* Takes `data`, which is malloc'd, also when it fails. NULL: out of memory. To be compressed or not. */
struct body *body_create(char *data, size_t len);
struct body *body_hold(struct body *body); /* NULL is fine, in all below */
void body_release(struct body *body);
size_t body_weight(const struct body *body); /* bytes kept */

#endif
