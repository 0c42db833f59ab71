/* Inside of verify: what its files share. */
#ifndef BUSWARDEN_VERIFY_INTERNAL_H
#define BUSWARDEN_VERIFY_INTERNAL_H

#include "bureau/verify/verify.h"
#include "proto/seal.h"

struct walk {
    struct store *store;
    const struct verify_options *options;
    struct verify_totals totals;
    char vehicle[BW_ID_LEN];
    struct bw_presence presence; /* its last word; zeroed = none */
    bool named[2];               /* by class - 1: the chain that the presence names was walked */

    /* The present chain. */
    struct store_chain_id chain;
    struct store_signers signers;
    bool stray;                /* neither a signer nor a head is known: nothing of ours began it */
    struct store_chain stored; /* its row; next_seq 0 = none */
    uint64_t next_seq;         /* of the records walked so far, as in struct store_chain */
    uint8_t head[BW_HASH_LEN];
    bool head_known;

    /* What may change the signer of the present stream's chains: changes of key, told of in class ALERT, and
     * ends of holes in the present chain. */
    uint8_t stream[BW_STREAM_LEN];
    size_t n_changes, n_resumed;
    struct walk_change {
        uint64_t alert_from, track_from;
        char division[BW_DIVISION_LEN];
        uint8_t key[BW_PUBLIC_KEY_LEN];
    } changes[STORE_SIGNERS_MAX];
    struct walk_change doubtful; /* the last one that may have changed nothing; alert_from 0 = none */
    uint64_t resumed[STORE_SIGNERS_MAX];

    /* The present alert object. */
    struct store_phase object; /* borrowed pointers are not used */
    int64_t last_event, cleared_utc_ms, raised_utc_ms;
    int kind, severity;
};

/* Reports; `finding` without vehicle and chain. */
int walk_report(struct walk *walk, struct verify_finding finding);
/* True if the signer signed it for this vehicle. */
bool walk_signed_by(const char *vehicle, const struct wire_record *record, const struct store_signer *signer);
/* Whether the ALERT record that a row was made from is one that belongs there: else it was reported as such.
 */
int walk_is_good(struct walk *walk, const uint8_t stream[BW_STREAM_LEN], uint64_t seq,
                 const struct wire_record *record, bool *ret);

/* All alert rows of the present vehicle, against its records. */
int walk_phases(struct walk *walk);
/* Alert rows that belong to no alert. */
int walk_stray_phases(struct walk *walk);
/* All trip rows of the present vehicle, against theirs. */
int walk_trips(struct walk *walk);

#endif
