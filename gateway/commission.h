/* The commissioning record: what became of the fitter's walk, for the bureau (signed JSON) and for paper.
 *
 * The file is two lines of JSON: the record, and {"public_key","signature"} over the first line's bytes, by
 * the vehicle's key with the context of SEAL_COMMISSION (docs/wire.md, "Seal"). docs/status.md has the
 * members. */
#ifndef BUSWARDEN_COMMISSION_H
#define BUSWARDEN_COMMISSION_H

#include <jansson.h>
#include <stdio.h>

#include "gateway/walk.h"
#include "proto/seal.h"
#include "proto/words.h"

enum { COMMISSION_FITTER_LEN = 64, COMMISSION_BYTES_MAX = 256 * 1024 };

struct commission {
    const char *fitter;
    const json_t *status; /* of the beginning */
    const json_t *ended_at;
    json_t *alerts; /* raised during the walk: {"number","kind","raised_at"}; borrowed */
};

/* New reference; NULL when memory is short. */
json_t *commission_record(const struct commission *commission, const struct walk *walk);

/* The file's two lines. 0 or -ENOMEM. The caller frees ret. */
int commission_sign(const json_t *record, const struct seal_key *key, char **ret);

/* A file's text back: a new reference in ret_record. 0 when the key signed it; -EBADMSG when it is no such
 * file; -EKEYREJECTED when another key signed it or it was altered. public_key NULL = not asked: 0. */
int commission_verify(const char *text, size_t len, const uint8_t public_key[BW_PUBLIC_KEY_LEN],
                      json_t **ret_record);

/* The paper. `signature`: how it is signed, a line for people, or NULL. */
void commission_print(const json_t *record, const char *signature, enum words_language language, FILE *out);

#endif
