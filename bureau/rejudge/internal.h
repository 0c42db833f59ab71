/* Inside of rejudge: what its files share. */
#ifndef BUSWARDEN_REJUDGE_INTERNAL_H
#define BUSWARDEN_REJUDGE_INTERNAL_H

#include "bureau/rejudge/rejudge.h"

/* A list that grows to REJUDGE_LIST_MAX rows; rows are zeroed at first. free(list->rows). */
struct list {
    size_t n, capacity;
    void *rows;
};
/* A new row of `size` bytes in *ret; -ENOMEM, -E2BIG. */
int list_add(struct list *list, size_t size, void **ret);

/* A licence of the vehicle, when it was issued; or one of which a signed record says that it was held then
 * (version 0: none was). */
struct dated {
    uint64_t version;
    int64_t utc_ms;
};

/* All that is known of one vehicle but its tracks. */
struct dossier {
    char vehicle[BW_ID_LEN];
    struct list issued[ISSUED_KINDS]; /* struct dated, by version */
    struct list attested;             /* struct dated */
    struct list alerts;               /* struct compare_alert */
    struct list gaps;                 /* struct compare_gap */
    struct list trips;                /* struct compare_trip */
    bool alerts_wait;
};
/* For judging from..to. dossier_free() also after a failure. */
int dossier_load(struct store *store, const char *vehicle, int64_t from_utc_ms, int64_t to_utc_ms,
                 struct dossier *ret);
void dossier_free(struct dossier *dossier);

/* The licences that the vehicle may have held at an instant, as places in issued[ISSUED_LICENCE]. */
struct candidates {
    size_t first, n; /* n 0: none was issued yet, or it held none; at most REJUDGE_LICENCES_MAX */
    bool known;      /* it was one of these */
    bool assumed;    /* so it is when the vehicle was heard from heard_utc_ms on */
    int64_t heard_utc_ms;
};
struct candidates dossier_candidates(const struct dossier *dossier, int64_t utc_ms);
/* Of the newest issued by then; -1: none. */
int64_t dossier_newest(const struct dossier *dossier, enum issued_kind kind, int64_t utc_ms);
/* When the next licence after this instant was issued; INT64_MAX: none was. */
int64_t dossier_next_issue(const struct dossier *dossier, int64_t utc_ms);
/* Decodes version number `at` of the list; issued_free(ret). */
int dossier_open(struct store *store, const struct dossier *dossier, enum issued_kind kind, size_t at,
                 struct issued *ret);

/* Whether the tracks say the opposite of what the vehicle said: 1, or 0 also when they do not tell. */
int unshown(struct store *store, const struct dossier *dossier, const struct compare_alert *alert);

#endif
