#include "bureau/ingest/judge.h"
#include "bureau/store/retention.h"
#include "bureau/verify/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of a mark that ends with it the hash is still known. */
static int verify_purged(struct store *store, const struct verify_head *head)
{
    struct store_purge_mark mark;
    const int rc = store_purge_mark(store, head->vehicle, &head->chain, head->seq, &mark);
    if (rc == -ENOENT || (rc == 0 && mark.first_seq > head->seq))
        return VERIFY_HEAD_GONE;
    if (rc != 0)
        return rc;
    return mark.last_seq == head->seq && memcmp(mark.tail_hash, head->hash, BW_HASH_LEN) != 0
               ? VERIFY_HEAD_OTHER
               : VERIFY_PURGED;
}

int verify_head(struct store *store, const struct verify_head *head)
{
    struct wire_bytes bytes = {0};
    int error = store_record_get(store, head->vehicle, head->chain.stream, head->chain.cls, head->seq,
                                 &bytes.data, &bytes.len);
    if (error == -ENOENT)
        return verify_purged(store, head);
    if (error != 0)
        return error;
    struct store_signers signers;
    struct wire_record record;
    struct wire_body body;
    uint8_t hash[BW_HASH_LEN];
    error = store_signers(store, head->vehicle, head->chain.stream, head->chain.cls, &signers);
    const int decoded = wire_record_decode(bytes.data, bytes.len, &record);
    wire_bytes_free(&bytes);
    if (error != 0 || decoded == -ENOMEM)
        return error != 0 ? error : decoded;
    if (decoded != 0 || signers.n == 0)
        return VERIFY_HEAD_OTHER;
    error = judge_body(&record, &body);
    if (error != 0)
        return error;
    judge_head(&record, &body, judge_signer(&signers, head->seq)->division, head->vehicle, hash);
    return memcmp(hash, head->hash, BW_HASH_LEN) == 0 ? VERIFY_REASONS : VERIFY_HEAD_OTHER;
}
