/* Walks the stored evidence and finds every record that was altered, removed, moved or put in by somebody
 * else, and every row derived from the records that says other than they do. Reads alone, in one transaction
 * for each vehicle, so that a bureau goes on meanwhile. What can be seen and what cannot: docs/wire.md,
 * "Verify". */
#ifndef BUSWARDEN_VERIFY_H
#define BUSWARDEN_VERIFY_H

#include "bureau/store/store.h"

enum verify_reason {
    VERIFY_MISSING,    /* seq to last_seq: no record, and no gap record that stands for them */
    VERIFY_NOT_HELD,   /* the same, but ingest wrote down that they never came: no finding */
    VERIFY_PURGED,     /* the same, but retention deleted them and left its mark: no finding */
    VERIFY_UNREADABLE, /* the bytes are no record */
    VERIFY_MISPLACED,  /* a record of this vehicle, stored under another stream, class or seq than its own */
    VERIFY_FOREIGN,    /* a record of another vehicle */
    VERIFY_BAD_SIGNATURE, /* no key that was ever known here has signed these bytes */
    VERIFY_WRONG_KEY,     /* signed by a key of this vehicle that does not sign there */
    VERIFY_BROKEN_CHAIN,  /* prev does not name the record before it */
    VERIFY_SIGNER,      /* the row that says whose key signs from seq on: wrong, missing, or without reason */
    VERIFY_CHAIN,       /* the row with the chain's head: wrong or missing */
    VERIFY_RECEIPTED,   /* seq to last_seq: the vehicle says that it holds receipts for them */
    VERIFY_NO_ALERT,    /* the record tells of an alert that no alert row shows */
    VERIFY_ALERT,       /* an alert row says other than the record */
    VERIFY_STRAY_ALERT, /* an alert row without a record */
    VERIFY_NO_TRIP,     /* the record tells of a trip that no trip row shows */
    VERIFY_TRIP,        /* a trip row says other than the record */
    VERIFY_STRAY_TRIP,  /* a trip row without a record */
    VERIFY_HEAD_GONE,   /* named by a list of heads, and not held any more */
    VERIFY_HEAD_OTHER,  /* named by a list of heads, and another record now */
    VERIFY_REASONS
};
const char *verify_reason_name(enum verify_reason reason); /* "missing", "not_held"... */
const char *verify_reason_words(enum verify_reason reason, bool zh);

struct verify_finding {
    enum verify_reason reason;
    const char *vehicle; /* "" = of an alert row that belongs to nobody */
    struct store_chain_id chain;
    uint64_t seq, last_seq; /* 0 = of no record: of the alert `number` as a whole */
    uint64_t number;        /* of the alert; 0 = none */
    const char *other;      /* VERIFY_FOREIGN: whose record it is; else "" */
};

/* The last record of a chain that was found whole up to there. */
struct verify_head {
    const char *vehicle;
    struct store_chain_id chain;
    uint64_t seq;
    uint8_t hash[BW_HASH_LEN];
};

struct verify_totals {
    uint64_t records, chains, vehicles, alerts; /* alerts: phases */
    uint64_t findings, not_held, purged;        /* the last two: numbers that are no finding */
};

struct verify_options {
    const char *vehicle; /* NULL = all */
    /* Any may be NULL. A non-zero return ends the walk and is returned. */
    int (*on_finding)(void *context, const struct verify_finding *finding);
    int (*on_head)(void *context, const struct verify_head *head);
    int (*on_progress)(void *context, const struct verify_totals *so_far); /* every 1024 records */
    void *context;
};

/* 0, whatever was found, or what the store says (-EBADMSG: its file is damaged, or holds a row that no
 * program of ours could have written). ret_totals is set in either case. */
int verify_store(struct store *store, const struct verify_options *options, struct verify_totals *ret_totals);

/* One head kept elsewhere against what is held now: VERIFY_REASONS when it is still the same, VERIFY_PURGED
 * when retention deleted it, else the finding. Negative: what the store says. */
int verify_head(struct store *store, const struct verify_head *head);

#endif
