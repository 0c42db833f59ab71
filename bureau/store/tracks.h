/* What a vehicle sent in some time, and under what: for bureau/rejudge. Reads alone; see store.h for errors.
 * A chain's records come in the order in which they were received, so a time is found in a few steps. */
#ifndef BUSWARDEN_STORE_TRACKS_H
#define BUSWARDEN_STORE_TRACKS_H

#include "bureau/store/store.h"

/* The lowest seq of a chain whose record was received at or after an instant. -ENOENT: none. */
int store_seq_received(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                       int64_t received_utc_ms, uint64_t *ret_seq);

/* A record with its bytes copied: into `bytes`, which has room for `size`. */
struct store_record_copy {
    uint64_t seq;
    int64_t received_utc_ms;
    size_t len, size;
    uint8_t *bytes;
};
/* The record of the lowest seq at or after `seq`. -ENOENT: none; -EMSGSIZE: larger than ret->size. */
int store_record_from(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                      uint64_t seq, struct store_record_copy *ret);

/* The next version after one, of what was issued to a vehicle; wire_bytes_free(ret_sealed). -ENOENT: none. */
int store_issued_next(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t after,
                      uint64_t *ret_version, struct wire_bytes *ret_sealed);
/* That version. -ENOENT: never issued. */
int store_issued_get(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t version,
                     struct wire_bytes *ret_sealed);

/* An alert object of a vehicle as its last phase has it, and as the first one that is held. */
struct store_own_alert {
    struct bw_alert alert, first;
    int64_t cleared_utc_ms; /* 0 = open */
};
typedef int (*store_own_alert_fn)(void *context, const struct store_own_alert *row);
/* Those that are open, or were cleared at or after an instant; in no order. */
int store_own_alerts(struct store *store, const char *vehicle, int64_t since_utc_ms, store_own_alert_fn fn,
                     void *context);

#endif
