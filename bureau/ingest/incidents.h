/* Acts that were refused, counted until the next commit: a flood of them costs one write a second. */
#ifndef BUSWARDEN_INGEST_INCIDENTS_H
#define BUSWARDEN_INGEST_INCIDENTS_H

#include "bureau/store/store.h"
#include "proto/model.h"

enum {
    INCIDENTS_PENDING_MAX = 64, /* vehicles and kinds between two commits; what is more is dropped */
    INCIDENTS_COMMIT_MS = 1000,
};

/* "" = nobody knows. Copied; cut to what the store keeps. */
struct incident {
    char kind[STORE_KIND_MAX];
    char vehicle[BW_ID_LEN];
    char address[STORE_ADDRESS_MAX];
    char detail[STORE_DETAIL_MAX];
    uint64_t count;
};

struct incidents;

int incidents_create(struct incidents **ret);
void incidents_free(struct incidents *incidents);
void incidents_note(struct incidents *incidents, const struct incident *incident, int64_t now_utc_ms);
/* One transaction, when it is time. What cannot be written waits for the next call. */
int incidents_commit(struct incidents *incidents, struct store *store, int64_t now_ms);
/* Due at this monotonic instant; INT64_MAX = nothing is there. */
int64_t incidents_due_ms(const struct incidents *incidents);

#endif
